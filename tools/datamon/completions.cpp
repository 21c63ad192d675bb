// Shell completions, written out from the option tree.
#include <fmt/format.h>

#include "option_tree.h"

namespace datamon::cli {
namespace {

std::string joined(const std::vector<std::string>& words, const char* separator = " ") {
  return fmt::format("{}", fmt::join(words, separator));
}

std::vector<std::string> all_names(const std::vector<OptionText>& options) {
  std::vector<std::string> names;
  for (const OptionText& option : options)
    names.insert(names.end(), option.names.begin(), option.names.end());
  return names;
}

std::vector<std::string> command_names(const OptionTree& tree) {
  std::vector<std::string> names;
  for (const CommandTree& command : tree.commands) names.push_back(command.text.name);
  return names;
}

// A word inside single quotes of sh, zsh and fish.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// Inside a zsh _arguments specification [ ] : and \ are syntax.
std::string zsh_text(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_value(const OptionText& option) {
  if (option.value.empty()) return "";
  if (!option.choices.empty()) return ":value:(" + joined(option.choices) + ")";
  if (option.takes_directory) return ":directory:_directories";
  if (option.takes_path) return ":file:_files";
  return ":" + zsh_text(option.value) + ": ";
}

std::string zsh_option(const OptionText& option) {
  std::string out;
  for (const std::string& name : option.names)
    out += fmt::format(" \\\n        {}",
                       quoted(name + "[" + zsh_text(option.help) + "]" + zsh_value(option)));
  return out;
}

std::string fish_option(const OptionText& option, const std::string& condition) {
  std::string out = "complete -c datamon -n " + quoted(condition);
  for (const std::string& name : option.names)
    out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  if (!option.value.empty()) out += option.takes_path ? " -r -F" : " -x";
  if (option.takes_directory) out += " -a '(__fish_complete_directories)'";
  if (!option.choices.empty()) out += " -a " + quoted(joined(option.choices));
  return out + " -d " + quoted(option.help) + "\n";
}

std::string bash_values(const CommandTree& command) {
  std::string out;
  for (const OptionText& option : command.options) {
    if (option.value.empty()) continue;
    std::string action = "COMPREPLY=()";
    if (!option.choices.empty())
      action =
          fmt::format("COMPREPLY=($(compgen -W '{}' -- \"$current\"))", joined(option.choices));
    else if (option.takes_directory)
      action = "compopt -o filenames; COMPREPLY=($(compgen -d -- \"$current\"))";
    else if (option.takes_path)
      action = "compopt -o filenames; COMPREPLY=($(compgen -f -- \"$current\"))";
    out += fmt::format("        {}) {}; return ;;\n", joined(option.names, "|"), action);
  }
  return out;
}

}  // namespace

std::string bash_completion(const OptionTree& tree) {
  std::string out =
      "# bash completion for datamon; generated from its option tree.\n"
      "_datamon() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  local command=${COMP_WORDS[1]} word i\n"
      "  COMPREPLY=()\n"
      "  if ((COMP_CWORD == 1)); then\n";
  out += fmt::format("    COMPREPLY=($(compgen -W '{} {}' -- \"$current\"))\n    return\n  fi\n",
                     joined(command_names(tree)), joined(all_names(tree.options)));
  out += "  case $command in\n";
  for (const CommandTree& command : tree.commands) {
    out += fmt::format("    {})\n", command.text.name);
    if (command.takes_command)
      out +=
          "      for ((i = 2; i < COMP_CWORD; i++)); do\n"
          "        word=${COMP_WORDS[i]}\n"
          "        if [[ $word == -- ]]; then\n"
          "          if declare -F _command_offset >/dev/null; then _command_offset $((i + 1))\n"
          "          else compopt -o default; COMPREPLY=($(compgen -c -- \"$current\")); fi\n"
          "          return\n"
          "        fi\n"
          "      done\n";
    const std::string values = bash_values(command);
    if (!values.empty()) out += "      case $previous in\n" + values + "      esac\n";
    out += "      if [[ $current == -* ]]; then\n";
    out += fmt::format("        COMPREPLY=($(compgen -W '{}{}' -- \"$current\"))\n",
                       joined(all_names(command.options)), command.takes_command ? " --" : "");
    if (command.positional_is_directory)
      out +=
          "      else\n        compopt -o filenames; COMPREPLY=($(compgen -d -- \"$current\"))\n";
    out += "      fi ;;\n";
  }
  return out + "  esac\n}\ncomplete -F _datamon datamon\n";
}

std::string zsh_completion(const OptionTree& tree) {
  std::string out =
      "#compdef datamon\n# zsh completion for datamon; generated from its option tree.\n"
      "_datamon() {\n  local -a commands\n  commands=(\n";
  for (const CommandTree& command : tree.commands)
    out += "    " + quoted(command.text.name + ":" + zsh_text(command.text.summary)) + "\n";
  out += "  )\n  if ((CURRENT == 2)); then\n    if [[ $words[2] == -* ]]; then\n      _arguments";
  for (const OptionText& option : tree.options) out += zsh_option(option);
  out += "\n    else\n      _describe command commands\n    fi\n    return\n  fi\n";
  out += "  local command=$words[2]\n  shift words\n  ((CURRENT--))\n  case $command in\n";
  for (const CommandTree& command : tree.commands) {
    out += fmt::format("    {})\n      _arguments", command.text.name);
    for (const OptionText& option : command.options) out += zsh_option(option);
    if (command.takes_command) out += " \\\n        '*::command:_normal'";
    if (command.positional_is_directory) out += " \\\n        '1:recording:_directories'";
    out += " ;;\n";
  }
  return out + "  esac\n}\n_datamon \"$@\"\n";
}

std::string fish_completion(const OptionTree& tree) {
  std::string out =
      "# fish completion for datamon; generated from its option tree.\n"
      "complete -c datamon -f\n";
  for (const OptionText& option : tree.options) out += fish_option(option, "__fish_use_subcommand");
  for (const CommandTree& command : tree.commands) {
    const std::string condition = "__fish_seen_subcommand_from " + command.text.name;
    out += fmt::format("complete -c datamon -n __fish_use_subcommand -a {} -d {}\n",
                       command.text.name, quoted(command.text.summary));
    for (const OptionText& option : command.options) out += fish_option(option, condition);
    if (command.positional_is_directory)
      out += fmt::format("complete -c datamon -n {} -a '(__fish_complete_directories)'\n",
                         quoted(condition));
    if (command.takes_command)
      out += fmt::format("complete -c datamon -n {} -a '(__fish_complete_subcommand)'\n",
                         quoted(condition));
  }
  return out;
}

}  // namespace datamon::cli
