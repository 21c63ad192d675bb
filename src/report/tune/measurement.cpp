#include "report/tune/measurement.h"

#include <algorithm>

#include "report/diagnosis_bootstrap.h"
#include "report/diagnosis_evidence.h"
#include "report/diagnosis_thresholds.h"
#include "report/forecast/forecast.h"
#include "report/parallel.h"

namespace datamon::report {
namespace {

constexpr std::uint64_t kTurnsOfAllAhead = 3;

std::vector<Change> changes_to(const LoaderSetting& setting) {
  std::vector<Change> changes = {{ChangeKind::kWorkers, double(setting.workers), ""}};
  if (setting.workers > 0) changes.push_back({ChangeKind::kPrefetch, double(setting.prefetch), ""});
  return changes;
}

std::vector<Phase> boundaries_of(const Profile& profile) {
  std::vector<Phase> out;
  for (const Phase& phase : profile.phases)
    if (phase.kind == PhaseKind::kEpochBoundary) out.push_back(phase);
  return out;
}

// Steps of one rank in [from_s, to_s). Where not all were kept, those of the steady time in
// it: the step that waited for an epoch's first batch counts with its steady part alone.
double steps_between(const Profile& profile, double from_s, double to_s) {
  const auto& steps = profile.consumer.step;
  if (steps.size() >= profile.consumer.steps) {
    const auto count = std::count_if(steps.begin(), steps.end(), [&](const Step& step) {
      return step.start_s >= from_s && step.start_s < to_s;
    });
    return static_cast<double>(count) / std::max(1, profile.job.ranks);
  }
  double steady_s = 0;
  for (const Phase& phase : profile.phases)
    if (phase.kind == PhaseKind::kSteady)
      steady_s += std::max(0.0, std::min(phase.end_s, to_s) - std::max(phase.start_s, from_s));
  return steady_s * profile.steps_per_s;
}

// Steps a second of one rank from one epoch's beginning to a later one's; 0 if none ended.
double steps_per_s_over_epochs(const Profile& profile) {
  const std::vector<Phase> boundaries = boundaries_of(profile);
  if (boundaries.size() < kFewestEpochs) return 0;
  const double from = boundaries.front().end_s, to = boundaries.back().end_s;
  return to > from ? steps_between(profile, from, to) / (to - from) : 0;
}

}  // namespace

bool is_enough(const Profile& profile) {
  const auto ahead = static_cast<std::uint64_t>(std::max(0, profile.job.workers)) *
                     static_cast<std::uint64_t>(std::max(1, profile.job.prefetch));
  const double steady_s = profile.consumer.steady_s / std::max(1, profile.job.ranks);
  if (profile.consumer.steady_steps < std::max(kEnoughSteps, kTurnsOfAllAhead * ahead) ||
      steady_s < kEnoughSeconds)
    return false;
  const Interval rate = steady_rate(profile);
  return steady_s >= kMostSeconds || (rate.high - rate.low) / 2 <= kPreciseRate * rate.value;
}

std::optional<LoaderSetting> setting_of(const Profile& profile) {
  const JobFacts& job = profile.job;
  if (job.workers == 0 && job.batch_size == 0 && job.dataset.empty()) return std::nullopt;
  LoaderSetting setting;
  setting.workers = job.workers;
  if (job.prefetch > 0) setting.prefetch = job.prefetch;
  return setting;
}

Interval steady_rate(const Profile& profile) {
  std::vector<double> length, one;
  for (const Step& step : profile.consumer.step) {
    if (!step.steady) continue;
    length.push_back(step.wait_s + step.transfer_s + step.other_wait_s + step.compute_s);
    one.push_back(1);
  }
  if (length.size() < kFewestTrialSteps || !(profile.items_per_s > 0)) return {};
  const auto period = static_cast<std::size_t>(std::max(1, profile.job.workers));
  const Interval steps = ratio_interval(one, length, block_length(length.size(), period));
  if (!(steps.value > 0)) return {};
  const double items = profile.items_per_s / steps.value;
  return {profile.items_per_s, steps.low * items, steps.high * items};
}

std::vector<SettingForecast> forecasts_of(const Profile& profile,
                                          const std::vector<LoaderSetting>& settings) {
  const Forecaster forecaster(profile);
  if (!forecaster.why_not().empty()) return {};
  std::vector<ForecastAnswer> answers(settings.size());
  parallel_for(settings.size(),
               [&](std::size_t i) { answers[i] = forecaster.forecast(changes_to(settings[i])); });
  std::vector<SettingForecast> out;
  for (std::size_t i = 0; i < settings.size(); ++i)
    if (answers[i].forecast) out.push_back({settings[i], answers[i].forecast->items_per_s});
  return out;
}

std::vector<LoaderSetting> worth_a_look(const Profile& profile, const LoaderSetting& now) {
  std::vector<LoaderSetting> out;
  const ConsumerProfile& consumer = profile.consumer;
  if (now.workers > 0 && profile.job.pin_memory == 0 && consumer.steady_s > 0 &&
      consumer.transfer_s >= thresholds::kInputBound * consumer.steady_s) {
    out.push_back(now);
    out.back().pin = true;
  }
  const EpochBoundaries boundaries = epoch_boundaries(profile.phases);
  if (now.workers > 0 && profile.job.persistent_workers == 0 && boundaries.count >= kFewestEpochs &&
      boundaries.total_s >= thresholds::kEpochBoundaries * profile.job.duration_s) {
    out.push_back(now);
    out.back().persistent = true;
  }
  return out;
}

double gain_over_epochs(const Profile& before, const Profile& after) {
  const double was = steps_per_s_over_epochs(before);
  return was > 0 ? steps_per_s_over_epochs(after) / was : 0;
}

}  // namespace datamon::report
