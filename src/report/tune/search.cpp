#include "report/tune/search.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace datamon::report {
namespace {

// A forecast gain that is worth a trial: above what runs differ by, below the tenth
// by which the result may miss the best.
constexpr double kWorthATrial = 1.05;
// A gain that a forecast does not rule out and that would be missed: a tenth. One such
// setting is tried before the search ends.
constexpr double kNotRuledOut = 1.10;
constexpr int kProbes = 1;

bool is_tried(const LoaderSetting& setting, const std::vector<TrialResult>& trials) {
  return std::any_of(trials.begin(), trials.end(),
                     [&](const TrialResult& trial) { return trial.setting == setting; });
}

// Where the job failed with so many workers, more of them (or more batches) fail too;
// and where between the failure and what worked its limit lies is found by halves.
bool is_too_daring(const LoaderSetting& setting, const std::vector<TrialResult>& trials) {
  int works = 0, fails = std::numeric_limits<int>::max();
  for (const TrialResult& trial : trials) {
    const LoaderSetting& tried = trial.setting;
    if (!trial.failed) works = std::max(works, tried.workers);
    if (!trial.failed || tried.workers == 0) continue;
    if (setting.workers >= tried.workers && setting.prefetch >= tried.prefetch) return true;
    fails = std::min(fails, tried.workers);
  }
  if (fails == std::numeric_limits<int>::max() || fails <= works + 1) return false;
  return setting.workers > (works + fails) / 2;
}

double distance(const LoaderSetting& a, const LoaderSetting& b) {
  const double workers = std::abs(std::log((a.workers + 0.5) / (b.workers + 0.5)));
  const bool without = a.workers == 0 || b.workers == 0;
  return workers + (without ? 0 : 0.25 * std::abs(std::log(double(a.prefetch) / b.prefetch)));
}

const SettingForecast* forecast_in(const TrialResult& trial, const LoaderSetting& setting) {
  for (const SettingForecast& forecast : trial.forecasts)
    if (forecast.setting == setting) return &forecast;
  return nullptr;
}

// The nearest trial's; the later one's of two as near.
const SettingForecast* forecast_of(const LoaderSetting& setting,
                                   const std::vector<TrialResult>& trials) {
  const SettingForecast* found = nullptr;
  double least = std::numeric_limits<double>::infinity();
  for (const TrialResult& trial : trials) {
    const SettingForecast* const forecast = forecast_in(trial, setting);
    if (trial.failed || forecast == nullptr || distance(setting, trial.setting) > least) continue;
    found = forecast;
    least = distance(setting, trial.setting);
  }
  return found;
}

double fastest(const std::vector<TrialResult>& trials) {
  double best = 0;
  for (const TrialResult& trial : trials)
    if (!trial.failed) best = std::max(best, trial.items_per_s.value);
  return best;
}

// Trials that no forecast promised more of than was measured until then.
int probes_made(const std::vector<TrialResult>& trials) {
  int probes = 0;
  for (std::size_t i = 1; i < trials.size(); ++i) {
    const std::vector<TrialResult> before(trials.begin(),
                                          trials.begin() + static_cast<std::ptrdiff_t>(i));
    const SettingForecast* const forecast = forecast_of(trials[i].setting, before);
    probes += forecast != nullptr && forecast->items_per_s.value < kWorthATrial * fastest(before);
  }
  return probes;
}

NextTrial chosen(const SettingForecast& forecast) {
  return {forecast.setting, forecast.items_per_s, ""};
}

// Without forecasts: twice the workers, as long as that helps.
NextTrial double_workers(const std::vector<LoaderSetting>& settings,
                         const std::vector<TrialResult>& trials) {
  const TrialResult& latest = trials.back();
  std::vector<TrialResult> before(trials.begin(), trials.end() - 1);
  if (trials.size() > 1 &&
      (latest.failed || latest.items_per_s.value < kWorthATrial * fastest(before)))
    return {std::nullopt, std::nullopt, "more workers brought nothing, and there is no forecast"};
  const int wanted = std::max(1, 2 * latest.setting.workers);
  const LoaderSetting* next = nullptr;
  for (const LoaderSetting& setting : settings) {
    if (setting.workers <= latest.setting.workers || setting.workers > wanted) continue;
    if (latest.setting.workers > 0 && setting.prefetch != latest.setting.prefetch) continue;
    if (is_tried(setting, trials) || is_too_daring(setting, trials)) continue;
    if (next == nullptr || setting.workers > next->workers) next = &setting;
  }
  if (next == nullptr) return {std::nullopt, std::nullopt, "there are no more workers to try"};
  return {*next, std::nullopt, ""};
}

}  // namespace

NextTrial next_trial(const std::vector<LoaderSetting>& settings,
                     const std::vector<TrialResult>& trials, const SearchLimits& limits) {
  if (static_cast<int>(trials.size()) >= limits.most_trials)
    return {std::nullopt, std::nullopt, "all trials are used"};
  std::vector<const SettingForecast*> left;
  for (const LoaderSetting& setting : settings) {
    if (is_tried(setting, trials) || is_too_daring(setting, trials)) continue;
    if (const SettingForecast* forecast = forecast_of(setting, trials)) left.push_back(forecast);
  }
  if (left.empty()) {
    const bool forecasts = std::any_of(trials.begin(), trials.end(), [](const TrialResult& trial) {
      return !trial.forecasts.empty();
    });
    if (forecasts) return {std::nullopt, std::nullopt, "no setting is left to try"};
    return double_workers(settings, trials);
  }
  std::sort(left.begin(), left.end(), [](const SettingForecast* a, const SettingForecast* b) {
    return is_smaller(a->setting, b->setting);
  });
  const double measured = fastest(trials);
  double most = 0;
  const SettingForecast* highest = left.front();
  for (const SettingForecast* forecast : left) {
    most = std::max(most, forecast->items_per_s.value);
    if (forecast->items_per_s.high > highest->items_per_s.high) highest = forecast;
  }
  if (most > kWorthATrial * measured) {
    for (const SettingForecast* forecast : left)
      if (forecast->items_per_s.value >= kSameRate * most) return chosen(*forecast);
  }
  if (highest->items_per_s.high > kNotRuledOut * measured && probes_made(trials) < kProbes)
    return chosen(*highest);
  return {std::nullopt, std::nullopt, "no other setting is forecast to be faster"};
}

std::size_t best_trial(const std::vector<TrialResult>& trials) {
  const double most = fastest(trials);
  if (trials.front().items_per_s.value >= kSameRate * most) return 0;
  std::size_t best = 0;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    if (trials[i].failed || trials[i].items_per_s.value < kSameRate * most) continue;
    if (best == 0 || is_smaller(trials[i].setting, trials[best].setting)) best = i;
  }
  return best;
}

}  // namespace datamon::report
