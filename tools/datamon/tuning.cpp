#include "tuning.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <iostream>
#include <thread>

#include "command.h"
#include "report/shell_word.h"
#include "report/text_units.h"
#include "report/tune/measurement.h"

namespace datamon::cli {
namespace {

using report::LoaderSetting;
using std::chrono::steady_clock;

constexpr const char* kIterable =
    "The dataset is iterable: items are only shared out among workers if it does that itself "
    "(get_worker_info); else each worker delivers all of them again, and the rates count those.";

void say(const std::string& text) {
  if (isatty(STDERR_FILENO) != 0) std::cerr << "datamon: " << report::printable(text) << '\n';
}

bool interrupted() { return InterruptWatch::signal() != 0; }

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
        fmt::format(
            "the job {} after {:.0f} s with {} steady step{}, too few to measure; give it {}",
            end.by_itself ? "ended" : "was ended", end.seconds, steps,
            report::plural(static_cast<double>(steps)),
            end.by_itself ? "more steps" : "a longer --time-budget"),
        1);
  throw CommandError(
      fmt::format(
          "the settings of this job's data loader cannot be changed from outside: that works "
          "with PyTorch's DataLoader and datamon-pipeline\nforecasts for it: datamon "
          "forecast --sweep {}",
          report::shell_word(outcome.recording.native())),
      1);
}

// What a trial says; a failure where it does not hold enough.
report::TuneTrial trial_of(const LoaderSetting& setting, const TrialOutcome& outcome) {
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
    trial.note =
        fmt::format("only {} steady step{} in {:.0f} s", trial.steady_steps,
                    report::plural(static_cast<double>(trial.steady_steps)), trial.seconds);
  else
    trial.result.failed = false;
  return trial;
}

}  // namespace

Tuning::Tuning(TuningLimits limits, TrialJob job)
    : limits_(limits),
      command_(job.command.front()),
      runner_(std::move(job)),
      begun_(steady_clock::now()) {}

report::TuneResult Tuning::run() {
  measure_first();
  search();
  result_.best = report::best_trial(results_);
  look_further();
  return std::move(result_);
}

double Tuning::left_s() const {
  const std::chrono::duration<double> used = steady_clock::now() - begun_;
  return limits_.seconds - used.count();
}

// A trial takes about as long as the first one; one that hangs must not take all.
double Tuning::most_s() const { return std::min(left_s(), 3 * first_s_ + 10); }

bool Tuning::has_time() const { return left_s() >= first_s_; }

int Tuning::most_workers(const report::Profile& profile) const {
  if (limits_.most_workers >= 0) return limits_.most_workers;
  const double allowed = profile.machine.cores_allowed;
  const double cores = allowed > 0 ? allowed : std::thread::hardware_concurrency();
  return std::clamp(static_cast<int>(2 * std::ceil(cores)), 8, 64);
}

void Tuning::add(report::TuneTrial trial, report::Profile profile) {
  say(report::trial_line(trial));
  profiles_.push_back(std::move(profile));
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
  if (outcome.iterable) result_.notes.push_back(kIterable);
  trial.result.forecasts = report::forecasts_of(*outcome.profile, settings_);
  add(std::move(trial), std::move(*outcome.profile));
}

// False if the user ended it: then it counts for nothing.
bool Tuning::run_trial(const LoaderSetting& setting,
                       const std::optional<report::Interval>& forecast, std::size_t epochs) {
  say(to_text(setting) +
      (forecast ? fmt::format(" (forecast {} items/s) ...", report::rate_text(forecast->value))
                : " ..."));
  TrialOutcome outcome = runner_.run(setting, most_s(), epochs);
  if (outcome.end.interrupted) return false;
  report::TuneTrial trial = trial_of(setting, outcome);
  trial.forecast = forecast;
  if (!trial.result.failed)
    trial.result.forecasts = report::forecasts_of(*outcome.profile, settings_);
  add(std::move(trial), outcome.profile ? std::move(*outcome.profile) : report::Profile{});
  return true;
}

void Tuning::search() {
  while (true) {
    report::NextTrial next =
        report::next_trial(settings_, results_, {.most_trials = limits_.trials});
    if (next.setting && !has_time()) next = {std::nullopt, std::nullopt, "the time is used"};
    if (next.setting && (interrupted() || !run_trial(*next.setting, next.forecast)))
      next = {std::nullopt, std::nullopt, "it was interrupted"};
    result_.why_ended = next.why_ended;
    if (!next.setting) return;
  }
}

// What no forecast can judge, on top of the best so far.
void Tuning::look_further() {
  const std::size_t searched = result_.trials.size();
  for (const LoaderSetting& look :
       report::worth_a_look(profiles_[result_.best], results_[result_.best].setting)) {
    if (interrupted() || !has_time() || result_.trials.size() >= searched + 2) return;
    const std::size_t best = result_.best;
    LoaderSetting setting = results_[best].setting;
    const bool epochs = look.persistent.has_value();
    (epochs ? setting.persistent : setting.pin) = true;
    if (!run_trial(setting, std::nullopt, epochs ? report::kFewestEpochs : std::size_t{0})) return;
    if (results_.back().failed) continue;
    const double gain = epochs
                            ? report::gain_over_epochs(profiles_[best], profiles_.back())
                            : results_.back().items_per_s.value / results_[best].items_per_s.value;
    if (!(gain > 1 / report::kSameRate)) continue;
    result_.best = result_.trials.size() - 1;
    if (epochs) result_.gain_over_epochs = gain;
  }
}

}  // namespace datamon::cli
