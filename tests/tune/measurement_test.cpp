#include "report/tune/measurement.h"

#include <gtest/gtest.h>

#include "profile_model.h"
#include "report/tune/tune_result.h"

namespace datamon::report {
namespace {

using datamon::testing::make_profile;
using datamon::testing::ProfileModel;

ProfileModel model_of(int steps, double compute_s) {
  ProfileModel model;
  model.steps = steps;
  model.compute_s = compute_s;
  return model;
}

Profile profile_of(int steps, double compute_s) { return make_profile(model_of(steps, compute_s)); }

Profile long_one() { return profile_of(600, 8e-3); }

TEST(Measurement, ATrialEndsOnceItsRateIsKnown) {
  EXPECT_TRUE(is_enough(long_one()));
  EXPECT_FALSE(is_enough(profile_of(40, 80e-3)));  // few steps
  EXPECT_FALSE(is_enough(profile_of(400, 1e-4)));  // short
}

TEST(Measurement, ATrialUsesUpWhatWasMadeAhead) {
  Profile profile = long_one();
  profile.job.workers = 64;
  profile.job.prefetch = 8;
  EXPECT_FALSE(is_enough(profile));
}

TEST(Measurement, ATrialWithAnUnsureRateRunsOn) {
  const auto straggles = [](int batch, int) { return batch % 97 == 5 ? 100.0 : 1.0; };
  ProfileModel unsure = model_of(400, 6e-3);
  unsure.workers = 1;
  unsure.slowness = straggles;
  EXPECT_FALSE(is_enough(make_profile(unsure)));
  ProfileModel longer = unsure;
  longer.scale = 5;  // ten seconds and more: it is taken as it is
  EXPECT_TRUE(is_enough(make_profile(longer)));
}

TEST(Measurement, TheRateIsThatOfTheReport) {
  const Profile profile = long_one();
  const Interval rate = steady_rate(profile);
  EXPECT_DOUBLE_EQ(rate.value, profile.items_per_s);
  EXPECT_LT(rate.low, rate.value);
  EXPECT_GT(rate.high, rate.value);
  EXPECT_GT(rate.low, 0.9 * rate.value);
  EXPECT_EQ(steady_rate(profile_of(3, 1e-3)).value, 0);
}

TEST(Measurement, ForecastsAreOfTheSettingsAskedFor) {
  ProfileModel reading = model_of(400, 1e-3);
  reading.workers = 1;
  reading.cost.read = 20e-3;
  const Profile slow = make_profile(reading);
  const LoaderSetting one{1, 2, {}, {}}, four{4, 2, {}, {}}, none{0, 2, {}, {}};
  const auto forecasts = forecasts_of(slow, {none, one, four});
  ASSERT_EQ(forecasts.size(), 3u);
  EXPECT_EQ(forecasts[2].setting, four);
  EXPECT_GT(forecasts[2].items_per_s.value, 2 * forecasts[1].items_per_s.value);
  EXPECT_TRUE(forecasts_of(profile_of(3, 1e-3), {one}).empty());
}

TEST(Measurement, PinnedMemoryIsWorthALookWhereCopiesTakeTime) {
  const LoaderSetting now{4, 2, {}, {}};
  ProfileModel copying = model_of(400, 4e-3);
  copying.transfer_s = 2e-3;
  Profile profile = make_profile(copying);
  profile.job.pin_memory = 0;
  const auto looks = worth_a_look(profile, now);
  ASSERT_EQ(looks.size(), 1u);
  EXPECT_EQ(looks[0].pin, true);
  EXPECT_FALSE(looks[0].persistent.has_value());
  profile.job.pin_memory = 1;
  EXPECT_TRUE(worth_a_look(profile, now).empty());
  profile.job.pin_memory = 0;
  EXPECT_TRUE(worth_a_look(profile, {0, 2, {}, {}}).empty());
  profile.consumer.transfer_s = 0.01 * profile.consumer.steady_s;
  EXPECT_TRUE(worth_a_look(profile, now).empty());
}

// Epochs of `epoch_s`, then a boundary of `boundary_s`, six times; a step each 10 ms.
Profile epochs(double epoch_s, double boundary_s) {
  Profile profile;
  profile.job.persistent_workers = 0;
  double at = 0;
  for (int epoch = 0; epoch < 6; ++epoch) {
    for (double end = at + epoch_s; at < end - 1e-6; at += 10e-3) {
      Step step;
      step.start_s = at;
      profile.consumer.step.push_back(step);
    }
    profile.phases.push_back({PhaseKind::kEpochBoundary, at, at + boundary_s});
    at += boundary_s;
  }
  profile.job.duration_s = at;
  return profile;
}

TEST(Measurement, KeptWorkersAreComparedOverWholeEpochs) {
  const LoaderSetting now{4, 2, {}, {}};
  const auto looks = worth_a_look(epochs(1, 0.5), now);
  ASSERT_EQ(looks.size(), 1u);
  EXPECT_EQ(looks[0].persistent, true);
  EXPECT_TRUE(worth_a_look(epochs(1, 0.01), now).empty());
  EXPECT_NEAR(gain_over_epochs(epochs(1, 0.5), epochs(1, 0)), 1.5, 0.02);
  EXPECT_EQ(gain_over_epochs(Profile{}, epochs(1, 0)), 0);
  EXPECT_EQ(gain_over_epochs(epochs(1, 0), Profile{}), 0);
}

// Of a long run the first and the latest steps are kept.
TEST(Measurement, EpochsOfMoreStepsThanAreKeptAreComparedByTheirSteadyTime) {
  const auto long_run = [](double boundary_s, std::ptrdiff_t dropped) {
    Profile profile = epochs(1, boundary_s);
    ConsumerProfile& consumer = profile.consumer;
    consumer.steps = consumer.step.size();
    profile.steps_per_s = 100;
    const auto first = consumer.step.begin() + 150;
    consumer.step.erase(first, first + dropped);
    double at = 0;
    std::vector<Phase> phases;
    for (const Phase& boundary : profile.phases) {
      phases.push_back({PhaseKind::kSteady, at, boundary.start_s});
      phases.push_back(boundary);
      at = boundary.end_s;
    }
    profile.phases = std::move(phases);
    return profile;
  };
  EXPECT_NEAR(gain_over_epochs(long_run(0.5, 0), long_run(0, 0)), 1.5, 0.02);
  EXPECT_NEAR(gain_over_epochs(long_run(0.5, 200), long_run(0, 300)), 1.5, 0.02);
  EXPECT_NEAR(gain_over_epochs(long_run(0.5, 0), long_run(0, 300)), 1.5, 0.02);
}

TEST(Result, SpeedupIsMeasuredAndNamesOfJobsCannotDriveATerminal) {
  TuneResult result;
  result.loader_name = "\x1b[31mred";
  for (const double rate : {100.0, 250.0}) {
    TuneTrial trial;
    trial.result.setting.workers = static_cast<int>(rate / 50);
    trial.result.items_per_s = {rate, rate, rate};
    trial.note = "\x1b]0;title";
    result.trials.push_back(trial);
  }
  result.best = 1;
  result.gain_over_epochs = 1.2;
  EXPECT_DOUBLE_EQ(result.speedup(), 3);
  const std::string text = tune_text(result, {});
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(text.find("3.0x as fast"), std::string::npos) << text;
}

}  // namespace
}  // namespace datamon::report
