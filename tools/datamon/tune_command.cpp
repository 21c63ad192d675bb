// `datamon tune -- COMMAND`: tries loader settings on the job itself.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "command.h"
#include "output_file.h"
#include "recording_setup.h"
#include "report/shell_word.h"
#include "report/tune/tune_result.h"
#include "terminal.h"
#include "tuning.h"

namespace datamon::cli {
namespace {

struct TuneCommandOptions : OutputOptions {
  std::string directory, library, loader, output;
  std::string time_budget = "5m";
  int trials = 6, most_workers = -1;
  std::vector<std::string> environment;
};

// "90s", "5m", "1h" in seconds; nullopt if it is none of those. A number alone is
// refused: 5 is meant as minutes as often as not.
std::optional<double> duration_s(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || !(value > 0) || value > 1e6) return std::nullopt;
  const std::string unit = end;
  if (unit == "s") return value;
  if (unit == "m") return 60 * value;
  if (unit == "h") return 3600 * value;
  return std::nullopt;
}

std::string duration_check(const std::string& text) {
  return duration_s(text)
             ? ""
             : "must be a time with its unit, such as 90s, 5m or 1h, not '" + text + "'";
}

std::string variable_check(const std::string& text) {
  const std::size_t equals = text.find('=');
  return equals != text.npos && equals > 0 ? "" : "must be NAME=VALUE, not '" + text + "'";
}

int tune(const TuneCommandOptions& options, const std::vector<std::string>& command) {
  if (command.empty())
    throw CommandError("tune: no command given\ntry: datamon tune -- python train.py", 2);
  const ColorChoice color = color_choice(options.color);
  TrialJob job;
  job.command = command;
  job.folder = options.directory.empty() ? fresh_directory("datamon-tune")
                                         : std::filesystem::absolute(options.directory);
  job.library = options.library;
  job.loader = options.loader;
  for (const std::string& variable : options.environment) {
    const std::size_t equals = variable.find('=');
    job.environment.emplace_back(variable.substr(0, equals), variable.substr(equals + 1));
  }
  const InterruptWatch watch;
  const report::TuneResult result = Tuning({.seconds = *duration_s(options.time_budget),
                                            .trials = options.trials,
                                            .most_workers = options.most_workers},
                                           std::move(job))
                                        .run();
  std::string out;
  if (options.json)
    out = report::tune_json(result).dump(2, ' ', false,
                                         nlohmann::ordered_json::error_handler_t::replace) +
          "\n";
  else
    out = report::tune_text(result, output_style(color, options.width, options.output)) +
          fmt::format("\n  next: datamon report {}\n",
                      report::shell_word(result.trials[result.best].recording));
  write_output(options.output, out);
  const int signal = InterruptWatch::signal();
  return signal == 0 ? 0 : 128 + signal;
}

}  // namespace

void add_tune_command(CommandSet& commands) {
  auto options = std::make_shared<TuneCommandOptions>();
  CLI::App& app = commands.add(
      {.name = "tune",
       .summary = "Find the data loader's settings that make a job fastest",
       .usage = "[OPTIONS] -- COMMAND [ARGUMENT...]",
       .description =
           "Starts COMMAND several times from its beginning, each time with other settings of its\n"
           "data loader (workers, prefetch; pinned memory and workers kept between epochs where\n"
           "they may help), and ends it after some steps: SIGINT, then SIGTERM, then SIGKILL. So\n"
           "it must not do harm: write no checkpoints over good ones, log to no experiment\n"
           "tracker (--env WANDB_MODE=disabled). Its output is kept beside the recordings.\n"
           "Forecasts choose what is tried. Works with PyTorch's DataLoader, without a change\n"
           "to the job, and with datamon-pipeline. Exit codes: 0 an answer; that of the job if\n"
           "it fails by itself; 130 ended by Ctrl-C (what was measured is printed); 1 it cannot\n"
           "be tuned. docs/tune.md says how it decides and what the JSON holds.",
       .examples = {{"tune -- python train.py", "within 5 minutes, 6 trials"},
                    {"tune --time-budget 20m --max-workers 32 -- python train.py", "a large one"},
                    {"tune --json -- datamon-pipeline photos --compute-ms 20 --epochs 100",
                     "for programs"}}},
      [options, &commands] { return tune(*options, commands.command_line()); });
  app.prefix_command();
  add_option(app, "--time-budget", options->time_budget,
             "Time for all trials: 90s, 5m, 1h (default 5m)", "TIME")
      ->check(duration_check);
  add_option(app, "--trials", options->trials,
             "Most trials of workers and prefetch, the job as it is included (default 6)", "N")
      ->check(one_whole_number(1, 1000));
  add_option(app, "--max-workers", options->most_workers,
             "Most workers to try (default: twice the cores, 8 to 64)", "N")
      ->check(one_whole_number(0, 1024));
  add_option(app, "--loader", options->loader,
             "Which data loader, by number or name (default: the one with most steps)", "LOADER");
  with_environment(app.add_option("--env", options->environment,
                                  "A variable for the trials alone; may be given more than once"))
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->check(variable_check);
  add_option(app, "--dir", options->directory,
             "Folder for the trials (default: a fresh datamon-tune-TIME-PID here)", "DIR");
  add_option(app, "--library", options->library,
             "The monitor library (default: libdatamon.so.0 beside this program)", "FILE");
  add_option(app, "-o,--output", options->output, "Write to FILE instead of the terminal", "FILE");
  add_output_options(app, *options);
}

}  // namespace datamon::cli
