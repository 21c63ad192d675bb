// `datamon generate man|bash|zsh|fish` (hidden): the files that are made from
// the option tree; the build writes them with it.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "option_tree.h"

namespace datamon::cli {
namespace {

int generate(const std::string& kind, const CommandSet& commands) {
  const OptionTree tree = option_tree(commands);
  if (kind == "man") std::cout << man_page(tree);
  if (kind == "bash") std::cout << bash_completion(tree);
  if (kind == "zsh") std::cout << zsh_completion(tree);
  if (kind == "fish") std::cout << fish_completion(tree);
  std::cout.flush();
  if (!std::cout) throw std::runtime_error("generate: cannot write to standard output");
  return 0;
}

}  // namespace

void add_generate_command(CommandSet& commands) {
  auto kind = std::make_shared<std::string>();
  CLI::App& app = commands.add({.name = "generate",
                                .summary = "Print the man page or a shell's completions",
                                .usage = "man|bash|zsh|fish",
                                .description = "",
                                .examples = {},
                                .hidden = true},
                               [kind, &commands] { return generate(*kind, commands); });
  app.add_option("KIND", *kind)->required()->check(CLI::IsMember({"man", "bash", "zsh", "fish"}));
}

}  // namespace datamon::cli
