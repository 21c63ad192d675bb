// Which setting to try next, from what was measured and what each recording
// forecasts for the settings that were not. Pure: the same trials, the same answer.
//
// The first trial is the job as it is. Each trial brings forecasts for all other
// settings; a setting is judged by the forecast of the trial that is nearest to
// it, since a forecast is the less sure the further it goes. The next trial is the
// smallest setting whose forecast is nearly the best one. The search ends where
// no forecast promises more than what was measured.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/interval.h"
#include "report/tune/setting.h"

namespace datamon::report {

// Two runs of one setting differ by about 3 % (docs/forecast.md): rates nearer to
// each other than that are the same.
inline constexpr double kSameRate = 0.97;

struct SettingForecast {
  LoaderSetting setting;
  Interval items_per_s;
};

// What one trial says.
struct TrialResult {
  LoaderSetting setting;
  bool failed = false;                     // the job does not work so: nothing was measured
  Interval items_per_s;                    // measured
  std::vector<SettingForecast> forecasts;  // of other settings; empty where none can be made
};

struct SearchLimits {
  int most_trials = 6;
};

struct NextTrial {
  std::optional<LoaderSetting> setting;  // nullopt: the search has ended
  std::optional<Interval> forecast;      // of that setting, where there is one
  std::string why_ended;                 // a clause
};

// `settings`: those to choose from. `trials`: in their order, at least one.
NextTrial next_trial(const std::vector<LoaderSetting>& settings,
                     const std::vector<TrialResult>& trials, const SearchLimits& limits);

// The trial to recommend: the first one (the job as it is) unless another one is
// clearly faster; then the smallest setting that is nearly as fast as the fastest.
// `trials` is not empty and the first one did not fail.
std::size_t best_trial(const std::vector<TrialResult>& trials);

}  // namespace datamon::report
