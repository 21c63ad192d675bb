#include "report/tune/search.h"

#include <gtest/gtest.h>

namespace datamon::report {
namespace {

LoaderSetting workers(int count, int prefetch = 2) {
  return {.workers = count, .prefetch = prefetch, .pin = {}, .persistent = {}};
}

Interval about(double value) { return {value, value * 0.97, value * 1.03}; }

// A trial that measured `rate` and forecasts `rates` for 0, 1, 2 ... workers.
TrialResult trial(int count, double rate, const std::vector<double>& rates = {}) {
  TrialResult result;
  result.setting = workers(count);
  result.items_per_s = about(rate);
  for (std::size_t i = 0; i < rates.size(); ++i)
    if (static_cast<int>(i) != count)
      result.forecasts.push_back({workers(static_cast<int>(i)), about(rates[i])});
  return result;
}

TrialResult failure(int count) {
  TrialResult result;
  result.setting = workers(count);
  result.failed = true;
  return result;
}

std::vector<LoaderSetting> up_to(int most) {
  std::vector<LoaderSetting> all;
  for (int count = 0; count <= most; ++count) all.push_back(workers(count));
  return all;
}

TEST(Search, TriesTheSmallestOfTheFastest) {
  const auto next = next_trial(up_to(5), {trial(1, 10, {5, 10, 20, 29.5, 30, 30})}, {});
  ASSERT_TRUE(next.setting);
  EXPECT_EQ(next.setting->workers, 3);
  EXPECT_DOUBLE_EQ(next.forecast->value, 29.5);
}

TEST(Search, EndsWhereNothingIsForecastToBeFaster) {
  const auto next = next_trial(up_to(4), {trial(2, 20, {5, 10, 20, 20.5, 20.5})}, {});
  EXPECT_FALSE(next.setting);
  EXPECT_EQ(next.why_ended, "no other setting is forecast to be faster");
}

TEST(Search, BelievesTheNearestTrial) {
  // The first one thought that 6 workers bring 60; the one at 4 knows of a limit.
  const std::vector<TrialResult> trials = {trial(1, 10, {5, 10, 20, 30, 40, 50, 60}),
                                           trial(4, 25, {4, 10, 20, 24, 25, 25, 25})};
  EXPECT_FALSE(next_trial(up_to(6), trials, {}).setting);
}

TEST(Search, TriesOnceWhatAForecastDoesNotRuleOut) {
  TrialResult unsure = trial(2, 20, {5, 10, 20, 20, 20});
  for (SettingForecast& forecast : unsure.forecasts) forecast.items_per_s.high *= 1.2;
  const auto first = next_trial(up_to(4), {unsure}, {});
  ASSERT_TRUE(first.setting);
  TrialResult same = unsure;
  same.setting = *first.setting;
  EXPECT_FALSE(next_trial(up_to(4), {unsure, same}, {}).setting);
}

TEST(Search, KeepsToTheNumberOfTrials) {
  const TrialResult first = trial(1, 10, {5, 10, 20, 30});
  EXPECT_FALSE(next_trial(up_to(3), {first}, {.most_trials = 1}).setting);
  EXPECT_TRUE(next_trial(up_to(3), {first}, {.most_trials = 2}).setting);
}

TEST(Search, FindsByHalvesWhatWorksAfterAFailure) {
  const std::vector<double> rates = {5, 10, 20, 30, 40, 50, 60, 70, 80};
  std::vector<TrialResult> trials = {trial(1, 10, rates)};
  std::vector<int> tried;
  while (const auto next = next_trial(up_to(8), trials, {}).setting) {
    tried.push_back(next->workers);
    trials.push_back(next->workers > 3 ? failure(next->workers)
                                       : trial(next->workers, 10.0 * next->workers, rates));
  }
  EXPECT_EQ(tried, (std::vector{8, 4, 2, 3}));
  EXPECT_EQ(trials[best_trial(trials)].setting.workers, 3);
}

TEST(Search, AFailureWithoutWorkersSaysNothingOfWorkers) {
  TrialResult none = trial(2, 10, {30, 20, 10, 30, 30});
  const auto next = next_trial(up_to(4), {none, failure(0)}, {});
  ASSERT_TRUE(next.setting);
  EXPECT_EQ(next.setting->workers, 3);
}

TEST(Search, WithoutForecastsItDoublesTheWorkers) {
  std::vector<TrialResult> trials = {trial(0, 10)};
  for (const auto& [count, rate] : {std::pair{1, 11.0}, {2, 20.0}, {4, 40.0}, {8, 41.0}}) {
    const auto next = next_trial(up_to(8), trials, {});
    ASSERT_TRUE(next.setting) << count;
    EXPECT_EQ(next.setting->workers, count);
    trials.push_back(trial(count, rate));
  }
  EXPECT_FALSE(next_trial(up_to(16), trials, {}).setting);
  EXPECT_EQ(trials[best_trial(trials)].setting.workers, 4);
}

TEST(Best, KeepsThePresentSettingWithoutAGain) {
  EXPECT_EQ(best_trial({trial(8, 100), trial(4, 101), trial(16, 102)}), 0u);
  EXPECT_EQ(best_trial({trial(8, 100), failure(16)}), 0u);
}

TEST(Best, IsTheSmallestOfTheFastest) {
  EXPECT_EQ(best_trial({trial(1, 10), trial(8, 100), trial(4, 98), trial(2, 50)}), 2u);
}

}  // namespace
}  // namespace datamon::report
