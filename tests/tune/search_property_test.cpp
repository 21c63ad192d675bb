// The search against an exhaustive one, on random loaders. The truth is a simulated
// loader; the forecasts come, as real ones do, from a model of it that is wrong: about
// the cores that other programs leave, about what hand-over costs, and about limits
// of the storage that no trial has met yet. Measurements have noise.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

#include "draw.h"
#include "report/forecast/simulation.h"
#include "report/tune/search.h"

namespace datamon::report {
namespace {

using testing::Draw;

constexpr int kLoaders = 1500;
constexpr std::size_t kSteps = 120;
constexpr int kMostWorkers = 8;
constexpr double kNoise = 0.015;  // of a measurement, one standard deviation

using Key = std::pair<int, int>;  // workers, prefetch
using Rates = std::map<Key, double>;

Key key_of(const LoaderSetting& setting) {
  return {setting.workers, setting.workers == 0 ? 0 : setting.prefetch};
}

std::vector<LoaderSetting> all_settings() {
  std::vector<LoaderSetting> all = {{0, 2, {}, {}}};
  for (int workers = 1; workers <= kMostWorkers; ++workers)
    for (const int prefetch : {1, 2, 4}) all.push_back({workers, prefetch, {}, {}});
  return all;
}

struct Loader {
  Rates truth;            // items a second
  Rates model;            // what forecasts rest on
  Rates without_storage;  // the same before a trial met the storage's limit
};

Rates rates(LoaderSetup setup, const std::vector<BatchWork>& batches,
            const std::vector<StepWork>& steps) {
  Rates out;
  for (const LoaderSetting& setting : all_settings()) {
    setup.workers = setting.workers;
    setup.prefetch = setting.prefetch;
    out[key_of(setting)] = simulate(setup, batches, steps).steady_rate(kSteps / 4, kSteps / 4);
  }
  return out;
}

Loader random_loader(Draw& draw) {
  LoaderSetup setup;
  setup.cores = draw.spread(1, 16);
  if (draw.one_in(3)) setup.other_threads = draw.spread(0.2, 4);
  if (draw.one_in(3)) setup.storage_concurrency = draw.spread(0.7, 6);
  const double cpu_s = draw.spread(1e-3, 50e-3), read_s = cpu_s * draw.spread(0.02, 10);
  const double step_s = (cpu_s + read_s) * draw.spread(0.05, 2);
  const double unevenness = draw.uniform(0, 1), stragglers = draw.one_in(4) ? 0.03 : 0;
  std::vector<BatchWork> batches(kSteps);
  std::vector<StepWork> steps(kSteps);
  for (std::size_t i = 0; i < kSteps; ++i) {
    const double factor =
        draw.uniform(0, 1) < stragglers ? 10 : draw.uniform(1 - unevenness / 2, 1 + unevenness / 2);
    batches[i].cpu_s = cpu_s * factor;
    (draw.one_in(2) ? batches[i].delay_s : batches[i].storage_s) = read_s * factor;
    steps[i].delay_s = step_s * draw.uniform(0.9, 1.1);
    steps[i].receive_cpu_s = cpu_s * 0.02;
  }
  Loader loader;
  loader.truth = rates(setup, batches, steps);
  LoaderSetup wrong = setup;
  wrong.cores *= draw.spread(0.7, 1.4);
  for (BatchWork& batch : batches) batch.cpu_s *= draw.spread(0.95, 1.05);
  for (StepWork& step : steps) step.receive_cpu_s *= draw.spread(0.3, 2);
  loader.model = rates(wrong, batches, steps);
  wrong.storage_concurrency = kUnlimited;
  loader.without_storage = rates(wrong, batches, steps);
  return loader;
}

// forecast = measured * model after / model as it is, and its interval holds how far
// the model of the trial's own setting is off: as in Forecaster.
TrialResult trial_of(const Loader& loader, const LoaderSetting& setting, Draw& draw) {
  const double truth = loader.truth.at(key_of(setting));
  const bool met_limit =
      loader.model.at(key_of(setting)) < 0.95 * loader.without_storage.at(key_of(setting));
  const Rates& model = met_limit ? loader.model : loader.without_storage;
  TrialResult trial;
  trial.setting = setting;
  const double measured = truth * std::exp(kNoise * draw.normal());
  trial.items_per_s = {measured, measured * (1 - 2 * kNoise), measured * (1 + 2 * kNoise)};
  const double here = model.at(key_of(setting));
  const double off = std::hypot(std::log(here / measured), 0.03);
  for (const LoaderSetting& other : all_settings()) {
    if (other == setting) continue;
    const double value = measured * model.at(key_of(other)) / here;
    trial.forecasts.push_back({other, {value, value * std::exp(-off), value * std::exp(off)}});
  }
  return trial;
}

// The goal: within a tenth of the best of an exhaustive search, in a quarter of its trials.
TEST(SearchProperty, EndsNearTheBestInAQuarterOfTheTrials) {
  const std::vector<LoaderSetting> settings = all_settings();
  const auto quarter = static_cast<int>(settings.size() / 4);
  int near = 0, trials_in_all = 0;
  double worst = 1;
  for (int i = 0; i < kLoaders; ++i) {
    Draw draw(static_cast<std::uint64_t>(i) + 1);
    const Loader loader = random_loader(draw);
    const int first = draw.whole(0, static_cast<int>(settings.size()) - 1);
    std::vector<TrialResult> trials = {
        trial_of(loader, settings[static_cast<std::size_t>(first)], draw)};
    while (const auto next = next_trial(settings, trials, {.most_trials = quarter}).setting)
      trials.push_back(trial_of(loader, *next, draw));
    ASSERT_LE(static_cast<int>(trials.size()), quarter);
    double best = 0;
    for (const auto& [key, rate] : loader.truth) best = std::max(best, rate);
    const double found = loader.truth.at(key_of(trials[best_trial(trials)].setting)) / best;
    near += found >= 0.9 ? 1 : 0;
    worst = std::min(worst, found);
    trials_in_all += static_cast<int>(trials.size());
  }
  const double share = double(near) / kLoaders, trials = double(trials_in_all) / kLoaders;
  std::printf(
      "within 10 %% of the best: %.2f %% of %d loaders (worst %.3f of it), %.2f of %zu trials\n",
      100 * share, kLoaders, worst, trials, settings.size());
  EXPECT_GE(share, 0.97);
  EXPECT_LE(trials, static_cast<double>(settings.size()) / 4);
}

}  // namespace
}  // namespace datamon::report
