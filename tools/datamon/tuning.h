// The search of `datamon tune`: trials of the job itself until a setting is found.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "report/tune/tune_result.h"
#include "trial_runner.h"

namespace datamon::cli {

struct TuningLimits {
  double seconds = 300;   // for everything
  int trials = 6;         // of workers and prefetch, the job as it is included
  int most_workers = -1;  // -1: twice the cores, 8 to 64
};

// One use. An InterruptWatch must be alive: a signal ends the search, and what was
// measured until then is the result. Says on a terminal's standard error what it does.
class Tuning {
 public:
  Tuning(TuningLimits limits, TrialJob job);

  // Throws CommandError, with the exit code for it, if the job as it is cannot be
  // started, measured or changed.
  report::TuneResult run();

 private:
  double left_s() const;
  double most_s() const;
  bool has_time() const;
  int most_workers(const report::Profile& profile) const;
  void measure_first();
  void search();
  void look_further();
  bool run_trial(const report::LoaderSetting& setting,
                 const std::optional<report::Interval>& forecast, std::size_t epochs = 0);
  void add(report::TuneTrial trial, report::Profile profile);

  const TuningLimits limits_;
  const std::string command_;
  TrialRunner runner_;
  const std::chrono::steady_clock::time_point begun_;
  double first_s_ = 0;
  std::vector<report::LoaderSetting> settings_;
  std::vector<report::TrialResult> results_;
  std::vector<report::Profile> profiles_;  // of the trials; an empty one if nothing was recorded
  report::TuneResult result_;
};

}  // namespace datamon::cli
