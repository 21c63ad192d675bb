#include "command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <charconv>
#include <iostream>

namespace datamon::cli {
namespace {

constexpr const char* kDescription =
    "Finds what a training or inference job waits for, and what to change.";

// CLI11's help with our usage lines, summaries and examples.
class HelpText : public CLI::Formatter {
 public:
  explicit HelpText(const std::vector<CommandText>& texts) : texts_(texts) {}

  std::string make_usage(const CLI::App* app, std::string name) const override {
    const CommandText* text = find(app);
    if (text == nullptr || text->usage.empty()) return CLI::Formatter::make_usage(app, name);
    return "Usage: " + name + " " + text->usage + "\n";
  }

  std::string make_footer(const CLI::App* app) const override {
    const CommandText* text = find(app);
    if (text == nullptr) return CLI::Formatter::make_footer(app);
    std::string out;
    if (!text->description.empty()) out += "\n" + text->description + "\n";
    if (!text->examples.empty()) out += "\nEXAMPLES\n";
    for (const Example& example : text->examples)
      out += "  datamon " + example.command + "\n      " + example.what + "\n";
    return out;
  }

 private:
  const CommandText* find(const CLI::App* app) const {
    for (const CommandText& text : texts_)
      if (app->get_name() == text.name) return &text;
    return nullptr;
  }
  const std::vector<CommandText>& texts_;
};

std::string failure_message(const CLI::App* app, const CLI::Error& error) {
  const auto chosen = app->get_subcommands();
  const std::string command = chosen.empty() ? "" : " " + chosen.front()->get_name();
  return std::string("datamon") + command + ": " + error.what() + "\ntry: datamon" + command +
         " --help\n";
}

template <typename Number>
CLI::Validator number_between(Number least, Number most, const char* type, const char* what) {
  const auto check = [=](const std::string& text) -> std::string {
    Number value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error == std::errc() && stop == end && value >= least && value <= most) return "";
    return fmt::format("must be {} from {} to {}, not '{}'", what, least, most, text);
  };
  return CLI::Validator(check, fmt::format("{} in [{} - {}]", type, least, most));
}

}  // namespace

CommandSet::CommandSet() : program_(std::make_unique<CLI::App>(kDescription, "datamon")) {
  program_->set_version_flag("--version", "datamon " DATAMON_VERSION, "Print the version and exit");
  program_->set_help_flag("-h,--help", "Print this help and exit");
  program_->formatter(std::make_shared<HelpText>(texts_));
  program_->failure_message(failure_message);
  program_->require_subcommand(0, 1);
  program_->footer(
      "\nStart here:\n"
      "  datamon run -- ./train            record a job (or: MON=1 ./train)\n"
      "  datamon report                    say what it waits for and what to change\n");
}

CommandSet::~CommandSet() = default;

CLI::App& CommandSet::add(CommandText text, std::function<int()> action) {
  CLI::App* app = program_->add_subcommand(text.name, text.summary);
  if (text.hidden) app->group("");
  actions_[text.name] = std::move(action);
  texts_.push_back(std::move(text));
  return *app;
}

const CLI::App& CommandSet::command(const std::string& name) const {
  return *program_->get_subcommand(name);
}

int CommandSet::run(int argc, char** argv) {
  // The command line of another program must arrive as it was typed, so the
  // parser never sees what follows `--`.
  const std::vector<std::string> words(argv + 1, argv + argc);
  const auto mark = std::find(words.begin(), words.end(), "--");
  std::vector<std::string> ours(words.rbegin() + (words.end() - mark), words.rend());
  try {
    program_->parse(ours);
  } catch (const CLI::ParseError& error) {
    return program_->exit(error) == 0 ? 0 : 2;
  }
  const auto chosen = program_->get_subcommands();
  if (chosen.empty()) {
    std::cerr << program_->help();
    return 2;
  }
  const CLI::App& app = *chosen.front();
  command_line_ = app.remaining();
  if (mark != words.end()) {
    if (!command_line_.empty()) command_line_.emplace_back("--");
    command_line_.insert(command_line_.end(), mark + 1, words.end());
    if (!app.get_prefix_command()) {
      std::cerr << "datamon " << app.get_name() << ": takes no command after --\ntry: datamon "
                << app.get_name() << " --help\n";
      return 2;
    }
  }
  return actions_.at(app.get_name())();
}

std::string environment_name(const std::string& long_name) {
  std::string name = "MON_" + long_name;
  for (char& c : name)
    c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

CLI::Option* add_option(CLI::App& app, const std::string& names, std::string& value,
                        const std::string& help, const std::string& type) {
  return with_environment(app.add_option(names, value, help))->type_name(type);
}

CLI::Option* add_option(CLI::App& app, const std::string& names, int& value,
                        const std::string& help, const std::string& type) {
  return with_environment(app.add_option(names, value, help))->type_name(type);
}

CLI::Option* add_option(CLI::App& app, const std::string& names, double& value,
                        const std::string& help, const std::string& type) {
  return with_environment(app.add_option(names, value, help))->type_name(type);
}

CLI::Option* add_flag(CLI::App& app, const std::string& names, bool& value,
                      const std::string& help) {
  return with_environment(app.add_flag(names, value, help));
}

CLI::Validator one_number(double least, double most) {
  return number_between(least, most, "FLOAT", "one number");
}

CLI::Validator one_whole_number(int least, int most) {
  return number_between(least, most, "INT", "one whole number");
}

CLI::Option* with_environment(CLI::Option* option) {
  const std::vector<std::string>& names = option->get_lnames();
  return option->envname(environment_name(names.empty() ? option->get_name(true) : names.front()));
}

}  // namespace datamon::cli
