#include "option_tree.h"

#include <CLI/CLI.hpp>

namespace datamon::cli {
namespace {

// Choices are declared in the type name as {a,b,c}: CLI11 shows them that way too.
std::vector<std::string> choices_of(const std::string& type) {
  std::vector<std::string> choices;
  if (type.size() < 2 || type.front() != '{') return choices;
  std::string word;
  for (char c : type.substr(1)) {
    if (c != ',' && c != '}') {
      word += c;
      continue;
    }
    choices.push_back(word);
    word.clear();
  }
  return choices;
}

OptionText option_text(const CLI::Option& option) {
  OptionText out;
  for (const std::string& name : option.get_snames()) out.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) out.names.push_back("--" + name);
  if (option.get_items_expected_max() > 0) out.value = option.get_type_name();
  out.choices = choices_of(out.value);
  out.takes_directory = out.value == "DIR";
  out.takes_path = out.takes_directory || out.value == "FILE";
  out.help = option.get_description();
  out.environment = option.get_envname();
  return out;
}

std::vector<OptionText> option_texts(const CLI::App& app) {
  std::vector<OptionText> out;
  for (const CLI::Option* option : app.get_options())
    if (!option->get_group().empty() && option->nonpositional())
      out.push_back(option_text(*option));
  return out;
}

}  // namespace

OptionTree option_tree(const CommandSet& commands) {
  OptionTree tree;
  tree.description = commands.program().get_description();
  tree.options = option_texts(commands.program());
  for (const CommandText& text : commands.texts()) {
    if (text.hidden) continue;
    const CLI::App& app = commands.command(text.name);
    CommandTree command{.text = text,
                        .positional = {},
                        .positional_help = {},
                        .options = option_texts(app),
                        .takes_command = app.get_prefix_command()};
    for (const CLI::Option* option : app.get_options()) {
      if (option->nonpositional()) continue;
      const std::string name = option->get_name(true);
      command.positional += (command.positional.empty() ? "" : " ");
      command.positional += option->get_required() ? name : "[" + name + "]";
      command.positional_help = option->get_description();
      command.positional_is_directory = option->get_type_name() == "DIR";
    }
    tree.commands.push_back(std::move(command));
  }
  return tree;
}

}  // namespace datamon::cli
