// The option tree as plain data: what the man page and the completions need.
#pragma once

#include <string>
#include <vector>

#include "command.h"

namespace datamon::cli {

struct OptionText {
  std::vector<std::string> names;  // with dashes, short ones first; empty: positional
  std::string value;               // "DIR", "" for a flag or an option without
  std::string help;
  std::string environment;           // "" if none
  std::vector<std::string> choices;  // if it takes one of a few values
  bool takes_path = false;
  bool takes_directory = false;
};

struct CommandTree {
  CommandText text;
  std::string positional;  // "[DIR]", "" if none
  bool positional_is_directory = false;
  std::string positional_help;
  std::vector<OptionText> options;
  bool takes_command = false;  // run
};

struct OptionTree {
  std::string description;
  std::vector<OptionText> options;  // of the program itself
  std::vector<CommandTree> commands;
};

// Hidden commands are left out.
OptionTree option_tree(const CommandSet& commands);

std::string man_page(const OptionTree& tree);
std::string bash_completion(const OptionTree& tree);
std::string zsh_completion(const OptionTree& tree);
std::string fish_completion(const OptionTree& tree);

}  // namespace datamon::cli
