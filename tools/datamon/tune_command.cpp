// `datamon tune -- COMMAND`: tries loader settings on the job itself.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cmath>
#include <cstring>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "command.h"
#include "output_file.h"
#include "recording_setup.h"
#include "report/text_units.h"
#include "report/tune/measurement.h"
#include "report/tune/tune_result.h"
#include "terminal.h"
#include "trial_runner.h"

namespace datamon::cli {
namespace {

using report::LoaderSetting;
using std::chrono::steady_clock;

struct Options : OutputOptions {
  std::string directory, library, loader, output;
  std::string time_budget = "5m";
  int trials = 6, most_workers = -1;
  std::vector<std::string> environment;
};

// "90", "90s", "5m", "1h" in seconds; nullopt if it is none of those.
std::optional<double> duration_s(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || !(value > 0) || value > 1e6) return std::nullopt;
  const std::string unit = end;
  if (unit.empty() || unit == "s") return value;
  if (unit == "m") return 60 * value;
  if (unit == "h") return 3600 * value;
  return std::nullopt;
}

std::string duration_check(const std::string& text) {
  return duration_s(text) ? "" : "must be a time such as 90s, 5m or 1h, not '" + text + "'";
}

std::string variable_check(const std::string& text) {
  const std::size_t equals = text.find('=');
  return equals != text.npos && equals > 0 ? "" : "must be NAME=VALUE, not '" + text + "'";
}

// Runs trials until the search, the time or the user ends it.
class Tuning {
 public:
  Tuning(const Options& options, TrialJob job)
      : options_(options),
        command_(job.command.front()),
        runner_(std::move(job)),
        begun_(steady_clock::now()) {}

  report::TuneResult run() {
    measure_first();
    search();
    result_.best = report::best_trial(results_);
    look_further();
    return std::move(result_);
  }
  bool interrupted() const { return InterruptWatch::signal() != 0; }

 private:
  double left_s() const {
    const std::chrono::duration<double> used = steady_clock::now() - begun_;
    return *duration_s(options_.time_budget) - used.count();
  }
  // A trial takes about as long as the first one; one that hangs must not take all.
  double most_s() const { return std::min(left_s(), 3 * first_s_ + 10); }
  bool has_time() const { return left_s() >= first_s_; }

  void say(const std::string& text) const {
    if (isatty(STDERR_FILENO) != 0) std::cerr << "datamon: " << report::printable(text) << '\n';
  }

  void measure_first();
  void search();
  void look_further();
  int most_workers(const report::Profile& profile) const;
  report::TuneTrial trial_of(const LoaderSetting& setting, const TrialOutcome& outcome) const;
  bool run_trial(const LoaderSetting& setting, const std::optional<report::Interval>& forecast,
                 int epochs = 0);
  void add(report::TuneTrial trial);

  const Options& options_;
  const std::string command_;
  TrialRunner runner_;
  const steady_clock::time_point begun_;
  double first_s_ = 0;
  std::vector<LoaderSetting> settings_;
  std::vector<report::TrialResult> results_;
  std::vector<report::Profile> profiles_;  // of the trials; empty ones for those that failed
  report::TuneResult result_;
};

// The job as it is does not work or cannot be tuned: what to say, and the exit code.
[[noreturn]] void refuse(const TrialOutcome& outcome, const std::string& command) {
  const TrialEnd& end = outcome.end;
  if (end.start_error != 0)
    throw CommandError(fmt::format("cannot run {}: {}", command, std::strerror(end.start_error)),
                       end.start_error == ENOENT ? 127 : 126);
  if (end.interrupted) throw CommandError("interrupted before anything was measured", 130);
  const std::string words =
      outcome.last_words.empty() ? "" : "; it said: " + report::printable(outcome.last_words);
  if (end.by_itself && end.exit_code != 0)
    throw CommandError(fmt::format("the job failed with exit code {} before it could be measured{}",
                                   end.exit_code, words),
                       end.exit_code);
  const std::uint64_t steps = outcome.profile ? outcome.profile->consumer.steady_steps : 0;
  if (!outcome.profile || outcome.profile->consumer.steps == 0)
    throw CommandError(
        "nothing was recorded of the job's data loader; see: datamon run, datamon doctor", 1);
  if (steps < report::kFewestTrialSteps)
    throw CommandError(
        fmt::format("the job {} after {:.0f} s with {} steady steps, too few to measure; give it {}",
                    end.by_itself ? "ended" : "was ended", end.seconds, steps,
                    end.by_itself ? "more steps" : "a longer --time-budget"),
        1);
  throw CommandError(
      fmt::format("the settings of this job's data loader cannot be changed from outside: that works "
                  "with PyTorch's DataLoader and datamon-pipeline\nforecasts for it: datamon "
                  "forecast --sweep {}",
                  outcome.recording.string()),
      1);
}

report::TuneTrial Tuning::trial_of(const LoaderSetting& setting,
                                   const TrialOutcome& outcome) const {
  report::TuneTrial trial;
  trial.result.setting = setting;
  trial.seconds = outcome.end.seconds;
  trial.recording = outcome.recording.string();
  trial.result.failed = true;
  if (outcome.end.by_itself && outcome.end.exit_code != 0) {
    trial.note = fmt::format("the job failed with exit code {}: {}", outcome.end.exit_code,
                             outcome.last_words);
    return trial;
  }
  if (outcome.profile) {
    trial.steady_steps = outcome.profile->consumer.steady_steps;
    trial.result.items_per_s = report::steady_rate(*outcome.profile);
    trial.verdict = report::diagnose(*outcome.profile).verdict;
  }
  if (!outcome.kept.empty())
    trial.note = "the loader kept " + outcome.kept;
  else if (!(trial.result.items_per_s.value > 0))
    trial.note = fmt::format("only {} steady steps in {:.0f} s", trial.steady_steps, trial.seconds);
  else
    trial.result.failed = false;
  return trial;
}

int Tuning::most_workers(const report::Profile& profile) const {
  if (options_.most_workers >= 0) return options_.most_workers;
  const double allowed = profile.machine.cores_allowed;
  const double cores = allowed > 0 ? allowed : std::thread::hardware_concurrency();
  return std::clamp(static_cast<int>(2 * std::ceil(cores)), 8, 64);
}

void Tuning::add(report::TuneTrial trial) {
  say(report::trial_line(trial));
  results_.push_back(trial.result);
  result_.trials.push_back(std::move(trial));
}

void Tuning::measure_first() {
  say("the job as it is ...");
  TrialOutcome outcome = runner_.run(std::nullopt, left_s() / 2);
  first_s_ = outcome.end.seconds;
  const auto setting = outcome.profile ? report::setting_of(*outcome.profile) : std::nullopt;
  report::TuneTrial trial = trial_of(setting.value_or(LoaderSetting{}), outcome);
  if (trial.result.failed || !setting || outcome.takes.empty() || outcome.end.interrupted)
    refuse(outcome, command_);
  settings_ = report::settings_around(*setting, most_workers(*outcome.profile));
  result_.settings = settings_.size();
  result_.loader_name = outcome.profile->loader_name;
  result_.kind = outcome.profile->job.adapter.starts_with("torch") ? report::LoaderKind::kTorch
                                                                    : report::LoaderKind::kPipeline;
  trial.result.forecasts = report::forecasts_of(*outcome.profile, settings_);
  profiles_.push_back(std::move(*outcome.profile));
  add(std::move(trial));
}

// False if the user ended it: then it counts for nothing.
bool Tuning::run_trial(const LoaderSetting& setting,
                       const std::optional<report::Interval>& forecast, int epochs) {
  say(to_text(setting) +
      (forecast ? fmt::format(" (forecast {} items/s) ...", report::rate_text(forecast->value))
                : " ..."));
  TrialOutcome outcome = runner_.run(setting, most_s(), epochs);
  if (outcome.end.interrupted) return false;
  report::TuneTrial trial = trial_of(setting, outcome);
  trial.forecast = forecast;
  if (!trial.result.failed)
    trial.result.forecasts = report::forecasts_of(*outcome.profile, settings_);
  profiles_.push_back(outcome.profile ? std::move(*outcome.profile) : report::Profile{});
  add(std::move(trial));
  return true;
}

void Tuning::search() {
  while (true) {
    report::NextTrial next =
        report::next_trial(settings_, results_, {.most_trials = options_.trials});
    if (next.setting && !has_time()) next = {std::nullopt, std::nullopt, "the time is used"};
    if (next.setting && !run_trial(*next.setting, next.forecast))
      next = {std::nullopt, std::nullopt, "it was interrupted"};
    result_.why_ended = next.why_ended;
    if (!next.setting) return;
  }
}

// What no forecast can judge, on top of the best so far.
void Tuning::look_further() {
  const std::size_t searched = result_.trials.size();
  for (const LoaderSetting& look : report::worth_a_look(profiles_[result_.best],
                                                        results_[result_.best].setting)) {
    if (interrupted() || !has_time() || result_.trials.size() >= searched + 2) return;
    const std::size_t best = result_.best;
    LoaderSetting setting = results_[best].setting;
    const bool epochs = look.persistent.has_value();
    (epochs ? setting.persistent : setting.pin) = true;
    if (!run_trial(setting, std::nullopt, epochs ? report::kFewestEpochs : 0)) return;
    if (results_.back().failed) continue;
    const double gain =
        epochs ? report::gain_over_epochs(profiles_[best], profiles_.back())
               : results_.back().items_per_s.value / results_[best].items_per_s.value;
    if (!(gain > 1 / report::kSameRate)) continue;
    result_.best = result_.trials.size() - 1;
    if (epochs) result_.gain_over_epochs = gain;
  }
}

int tune(const Options& options, const std::vector<std::string>& command) {
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
  const std::string folder = job.folder.string();
  const InterruptWatch watch;
  Tuning tuning(options, std::move(job));
  const report::TuneResult result = tuning.run();
  std::string out;
  if (options.json)
    out = report::tune_json(result).dump(2, ' ', false,
                                         nlohmann::ordered_json::error_handler_t::replace) +
          "\n";
  else
    out = report::tune_text(result, output_style(color, options.width, options.output)) +
          fmt::format("\n  next: datamon report {}\n",
                      report::printable(result.trials[result.best].recording));
  write_output(options.output, out);
  return tuning.interrupted() ? 128 + InterruptWatch::signal() : 0;
}

}  // namespace

void add_tune_command(CommandSet& commands) {
  auto options = std::make_shared<Options>();
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
      ->check(CLI::Range(1, 1000));
  add_option(app, "--max-workers", options->most_workers,
             "Most workers to try (default: twice the cores, 8 to 64)", "N")
      ->check(CLI::Range(0, 1024));
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
