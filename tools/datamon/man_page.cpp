#include <fmt/format.h>

#include "option_tree.h"

namespace datamon::cli {
namespace {

// Text as roff: a backslash, a leading dot or quote would be a request, and a
// plain '-' would become a hyphen that cannot be pasted.
std::string roff(const std::string& text) {
  std::string out;
  bool line_start = true;
  for (char c : text) {
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    line_start = c == '\n';
  }
  return out;
}

std::string option_block(const OptionText& option) {
  std::string head;
  for (const std::string& name : option.names)
    head += (head.empty() ? "" : ", ") + fmt::format("\\fB{}\\fR", roff(name));
  if (!option.value.empty()) head += fmt::format(" \\fI{}\\fR", roff(option.value));
  std::string out = fmt::format(".TP\n{}\n{}.\n", head, roff(option.help));
  if (!option.environment.empty())
    out += fmt::format("Environment: \\fB{}\\fR.\n", roff(option.environment));
  return out;
}

std::string command_block(const CommandTree& command) {
  const std::string usage =
      command.text.usage.empty()
          ? "[OPTIONS]" + (command.positional.empty() ? "" : " " + command.positional)
          : command.text.usage;
  std::string out = fmt::format(".SS \"datamon {} {}\"\n{}.\n", roff(command.text.name),
                                roff(usage), roff(command.text.summary));
  if (!command.text.description.empty())
    out += fmt::format(".PP\n{}\n", roff(command.text.description));
  if (!command.positional_help.empty())
    out += fmt::format(".TP\n\\fI{}\\fR\n{}.\n", roff(command.positional),
                       roff(command.positional_help));
  for (const OptionText& option : command.options) out += option_block(option);
  return out;
}

}  // namespace

std::string man_page(const OptionTree& tree) {
  std::string out = fmt::format(
      ".TH DATAMON 1 \"\" \"datamon {}\" \"User Commands\"\n"
      ".SH NAME\ndatamon \\- {}\n"
      ".SH SYNOPSIS\n.B datamon\n\\fICOMMAND\\fR [\\fIOPTIONS\\fR]\n"
      ".SH DESCRIPTION\n"
      "A job that runs with \\fBMON=1\\fR, or under \\fBdatamon run\\fR, leaves a recording: a\n"
      "folder with a file for each process. \\fBdatamon report\\fR says whether the job waits "
      "for\n"
      "its input, which stage holds it back, and what to change.\n"
      ".SH OPTIONS\n",
      DATAMON_VERSION, roff(tree.description));
  for (const OptionText& option : tree.options) out += option_block(option);
  out += ".SH COMMANDS\n";
  for (const CommandTree& command : tree.commands) out += command_block(command);
  out += ".SH EXAMPLES\n";
  for (const CommandTree& command : tree.commands)
    for (const Example& example : command.text.examples)
      out +=
          fmt::format(".TP\n\\fBdatamon {}\\fR\n{}\n", roff(example.command), roff(example.what));
  out +=
      ".SH EXIT STATUS\n0 on success, 1 when something could not be done, 2 on wrong usage;\n"
      "\\fBdatamon run\\fR exits as the command it ran.\n"
      ".SH ENVIRONMENT\n.TP\n\\fBNO_COLOR\\fR\nAny value: no colours.\n"
      ".TP\n\\fBMON\\fR\n1: record this process and its children.\n";
  return out;
}

}  // namespace datamon::cli
