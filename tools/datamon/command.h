// The frame that the commands of `datamon` hang in. A command is one file
// NAME_command.cpp with one function that adds it; commands.cpp lists them.
//
//     void add_trace_command(CommandSet& commands) {
//       auto options = std::make_shared<Options>();
//       CLI::App& app = commands.add({.name = "trace", .summary = "..."},
//                                    [options] { return trace(*options); });
//       add_option(app, "-o,--output", options->output, "...", "FILE");
//     }
//
// Help, man page and shell completions come from this tree: an option that is
// declared here is documented everywhere. Errors are exceptions, caught once
// in main: what happened, to what, and what to do next.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

// CLI11 takes seconds to compile wherever it is included: by the files alone that
// ask more of an option than its declaration below.
namespace CLI {
class App;
class Option;
class Validator;
}  // namespace CLI

namespace datamon::cli {

// A line of the EXAMPLES section.
struct Example {
  std::string command;  // as typed, without the leading "datamon"
  std::string what;
};

struct CommandText {
  std::string name;
  std::string summary;      // one line
  std::string usage;        // what follows "datamon NAME"; "" = "[OPTIONS]" and the positionals
  std::string description;  // paragraphs for the man page and --help
  std::vector<Example> examples;
  bool hidden = false;  // neither in help nor in the man page
};

// An error of ours with its exit code; any other exception exits with 1.
class CommandError : public std::runtime_error {
 public:
  CommandError(const std::string& message, int exit_code)
      : std::runtime_error(message), exit_code_(exit_code) {}
  int exit_code() const { return exit_code_; }

 private:
  int exit_code_;
};

// The option tree and what each command does. Not thread-safe. Owns the tree.
class CommandSet {
 public:
  CommandSet();
  ~CommandSet();

  // Adds a command; `action` runs after its options were parsed and returns
  // the exit code. The reference lives as long as this object.
  CLI::App& add(CommandText text, std::function<int()> action);

  const CLI::App& program() const { return *program_; }
  // In the order of adding.
  const std::vector<CommandText>& texts() const { return texts_; }
  const CLI::App& command(const std::string& name) const;

  // Parses and runs. What follows the first `--` is not parsed: a command that
  // takes another program's command line gets it from command_line().
  int run(int argc, char** argv);

  // What followed the options of the chosen command: `-- COMMAND...`, or the
  // words from the first one that is no option.
  const std::vector<std::string>& command_line() const { return command_line_; }

 private:
  std::unique_ptr<CLI::App> program_;
  std::vector<CommandText> texts_;
  std::map<std::string, std::function<int()>> actions_;
  std::vector<std::string> command_line_;
};

// Declare an option or a flag that also has an environment variable. `type` is
// what its value is called in the help.
CLI::Option* add_option(CLI::App& app, const std::string& names, std::string& value,
                        const std::string& help, const std::string& type);
CLI::Option* add_option(CLI::App& app, const std::string& names, int& value,
                        const std::string& help, const std::string& type);
CLI::Option* add_option(CLI::App& app, const std::string& names, double& value,
                        const std::string& help, const std::string& type);
CLI::Option* add_flag(CLI::App& app, const std::string& names, bool& value,
                      const std::string& help);

// Checks of an option that takes one number from `least` to `most`, which its help then says.
CLI::Validator one_number(double least, double most);
CLI::Validator one_whole_number(int least, int most);

// Gives the option the environment variable that its long name (a positional's
// only one) says: --max-mb is MON_MAX_MB. Declared nowhere else.
CLI::Option* with_environment(CLI::Option* option);

// MON_… for a long option's name.
std::string environment_name(const std::string& long_name);

}  // namespace datamon::cli
