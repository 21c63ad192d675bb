// Forecasts of jobs that wait between their epochs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "loader_model.h"
#include "report/diagnosis.h"
#include "report/forecast/candidates.h"
#include "report/forecast/forecast_text.h"
#include "report/reporter.h"

namespace datamon::report {
namespace {

using datamon::testing::loader;
using datamon::testing::make_profile;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr double kBatch_s = 4.4e-3;  // of the loader's batches
constexpr int kBoundaries = 4;

Profile with_boundaries(double each_s) {
  Profile profile = make_profile(loader());
  const double end_s = profile.phases.back().end_s;
  for (int i = 0; i < kBoundaries; ++i)
    profile.phases.push_back({PhaseKind::kEpochBoundary, end_s + i, end_s + i + each_s});
  return profile;
}

Forecast forecast_of(const Forecaster& forecaster, const Change& change, Over over = Over::kRun) {
  const ForecastAnswer answer = forecaster.forecast({change}, over);
  EXPECT_TRUE(answer.forecast) << answer.why_not;
  return answer.forecast.value_or(Forecast());
}

TEST(WholeRun, PersistentWorkersSaveTheirStarts) {
  for (const double each_s : {0.02, 0.5}) {
    const Profile profile = with_boundaries(each_s);
    const Forecast forecast =
        forecast_of(Forecaster(profile), {ChangeKind::kPersistentWorkers, 0, ""});
    EXPECT_TRUE(forecast.whole_run);
    const double steady_s = profile.consumer.steady_s;
    EXPECT_NEAR(forecast.speedup.value,
                (steady_s + kBoundaries * each_s) / (steady_s + kBoundaries * kBatch_s), 0.02);
  }
  EXPECT_THAT(Forecaster(make_profile(loader()))
                  .forecast({{ChangeKind::kPersistentWorkers, 0, ""}})
                  .why_not,
              HasSubstr("no epoch ended"));
}

TEST(WholeRun, FasterStepsLeaveTheStartsAsTheyAre) {
  const Profile profile = with_boundaries(0.5);
  const Forecaster forecaster(profile);
  ASSERT_TRUE(forecaster.counts_boundaries());
  const Change change{ChangeKind::kFaster, 2, "decode"};
  const Forecast steady = forecast_of(forecaster, change, Over::kSteady);
  const Forecast run = forecast_of(forecaster, change);
  EXPECT_FALSE(steady.whole_run);
  EXPECT_TRUE(run.whole_run);
  ASSERT_GT(steady.speedup.value, 1.2);
  const double steady_s = profile.consumer.steady_s, between_s = kBoundaries * 0.5;
  EXPECT_NEAR(run.speedup.value,
              (steady_s + between_s) / (steady_s / steady.speedup.value + between_s), 0.01);
  const double as_it_is = forecaster.with_boundaries(forecaster.measured_items_per_s());
  EXPECT_NEAR(as_it_is, forecaster.measured_items_per_s() * steady_s / (steady_s + between_s),
              1e-9 * as_it_is);
  EXPECT_NEAR(run.items_per_s.value, run.speedup.value * as_it_is, 1e-6 * as_it_is);
}

TEST(WholeRun, ShortBoundariesDoNotCount) {
  const Profile profile = with_boundaries(0.02);
  const Forecaster forecaster(profile);
  EXPECT_FALSE(forecaster.counts_boundaries());
  EXPECT_FALSE(forecast_of(forecaster, {ChangeKind::kConsumer, 0.5, ""}).whole_run);
  EXPECT_EQ(forecaster.with_boundaries(100), 100);
}

// Started one after the other they need twice as long, at once as long as before.
TEST(WholeRun, MoreWorkersMayTakeLongerToStart) {
  const Profile profile = with_boundaries(0.5);
  const Forecaster forecaster(profile);
  const Change twice{ChangeKind::kWorkers, 4, ""};
  const double steady = forecast_of(forecaster, twice, Over::kSteady).speedup.value;
  const Forecast run = forecast_of(forecaster, twice);
  const double steady_s = profile.consumer.steady_s;
  const auto with = [&](double start_s) {
    return (steady_s + kBoundaries * 0.5) /
           (steady_s / steady + kBoundaries * (start_s + kBatch_s));
  };
  EXPECT_LT(run.speedup.low, with(2 * (0.5 - kBatch_s)));
  EXPECT_GT(run.speedup.high, with(0.5 - kBatch_s));
  EXPECT_GT(run.speedup.value, run.speedup.low);
  EXPECT_LT(run.speedup.value, run.speedup.high);
}

TEST(WholeRun, NoMoreWorkersThanTheirStartsAllow) {
  const Profile short_epochs = with_boundaries(0.5), one_epoch = with_boundaries(0.001);
  const Forecaster few(short_epochs), many(one_epoch);
  const auto rate = [](const Forecaster& forecaster, double workers) {
    return forecast_of(forecaster, {ChangeKind::kWorkers, workers, ""}).items_per_s.value;
  };
  EXPECT_LT(rate(few, 32), 0.5 * rate(few, 2));
  EXPECT_GE(rate(many, 32), rate(many, 2));
}

TEST(WholeRun, TheReportSaysWhatItsFiguresAreOf) {
  const auto said = [](const Profile& profile) {
    Diagnosis diagnosis = diagnose(profile);
    const ForecastSection section = forecast_section(profile, diagnosis);
    return text_reporter({.width = 300})->render(profile, diagnosis, &section) +
           forecasts_table(section, {.width = 300});
  };
  const std::string run = said(with_boundaries(0.5)), steady = said(with_boundaries(0.001));
  EXPECT_THAT(run, HasSubstr("Within an epoch the loop waits"));
  EXPECT_THAT(run, HasSubstr("of the whole run, epoch boundaries included"));
  EXPECT_THAT(steady, HasSubstr("  The loop waits"));
  EXPECT_THAT(steady, Not(HasSubstr("Within an epoch")));
}

}  // namespace
}  // namespace datamon::report
