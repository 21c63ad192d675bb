// What is measured from simulated jobs whose sensitivities are known.
#include "report/probe/sensitivity.h"

#include <gtest/gtest.h>

#include <cmath>

#include "probe_model.h"

namespace datamon::report {
namespace {

using datamon::testing::ProbeModel;
using datamon::testing::simulate;

ProbeModel input_bound() {
  return {.stages = {{StageClass::kRead, 0.002},
                     {StageClass::kDecode, 0.006},
                     {StageClass::kTransform, 0.002},
                     {StageClass::kCompute, 0.003}}};
}

ProbeModel compute_bound() {
  ProbeModel model = input_bound();
  model.stages[3].own_s = 0.04;
  return model;
}

const ProbedStage& of(const Sensitivities& all, StageClass stage_class) {
  for (const ProbedStage& stage : all.stages)
    if (stage.stage_class == stage_class) return stage;
  throw std::logic_error("not tried");
}

TEST(Sensitivity, OfALoaderThatLimitsIsEachStagesShare) {
  const Sensitivities found = measure_sensitivities(simulate(input_bound()), {});
  EXPECT_EQ(found.stages.size(), 4u);
  EXPECT_EQ(found.windows, 90);
  EXPECT_NEAR(of(found, StageClass::kDecode).sensitivity.value, 0.6, 0.05);
  EXPECT_NEAR(of(found, StageClass::kRead).sensitivity.value, 0.2, 0.05);
  EXPECT_NEAR(of(found, StageClass::kCompute).sensitivity.value, 0, 0.05);
  EXPECT_NEAR(of(found, StageClass::kDecode).dose, 0.2, 1e-3);
  EXPECT_GT(found.slowdown, 0.02);
  EXPECT_LT(found.slowdown, 0.045);
}

TEST(Sensitivity, OfALoaderThatWaitsIsNothing) {
  const Sensitivities found = measure_sensitivities(simulate(compute_bound()), {});
  EXPECT_NEAR(of(found, StageClass::kCompute).sensitivity.value, 1, 0.05);
  EXPECT_NEAR(of(found, StageClass::kDecode).sensitivity.value, 0, 0.05);
}

// 95 of 100 intervals hold the truth; with 2400 of them 93 to 97 are within three
// standard deviations of that, and Student's is not exact for noise of this kind.
void expect_coverage(ProbeModel model) {
  int inside = 0, all = 0;
  for (std::uint64_t seed = 1; seed <= 600; ++seed) {
    model.seed = seed;
    const Sensitivities found = measure_sensitivities(simulate(model), {});
    for (const ProbedStage& stage : found.stages) {
      ASSERT_TRUE(stage.known);
      // A delay of a fifth is not a small one: the slope is that of the secant.
      const double truth = model.sensitivity(stage.stage_class);
      inside += stage.sensitivity.low <= truth && truth <= stage.sensitivity.high;
      ++all;
    }
  }
  EXPECT_GT(inside, 0.925 * all);
  EXPECT_LT(inside, 0.985 * all);
}

TEST(Sensitivity, IntervalsHoldTheTruth) { expect_coverage(input_bound()); }

TEST(Sensitivity, IntervalsHoldTheTruthWhereComputeLimits) {
  ProbeModel model = compute_bound();
  model.machine_noise = 0.05;
  expect_coverage(model);
}

TEST(Sensitivity, IntervalsHoldTheTruthWithFewWindows) {
  ProbeModel model = input_bound();
  model.windows = 18;
  expect_coverage(model);
}

TEST(Sensitivity, IntervalsHoldTheTruthOnANoisyMachine) {
  ProbeModel model = input_bound();
  model.machine_noise = 0.2;
  expect_coverage(model);
  model.likeness = 0;
  expect_coverage(model);
  model.likeness = 0.95;
  expect_coverage(model);
}

TEST(Sensitivity, SlowChangesCancel) {
  ProbeModel model = input_bound();
  model.drift = 1;  // the machine gets 2.7 times as slow
  const Sensitivities found = measure_sensitivities(simulate(model), {});
  EXPECT_NEAR(of(found, StageClass::kDecode).sensitivity.value, 0.6, 0.05);
  EXPECT_NEAR(of(found, StageClass::kCompute).sensitivity.value, 0, 0.05);
}

// Batches that differ from window to window do not widen the intervals.
TEST(Sensitivity, KnowsWhatBatchesWere) {
  ProbeModel even = input_bound(), uneven = input_bound();
  even.batch_noise = 0;
  uneven.batch_noise = 0.3;
  const double narrow =
      of(measure_sensitivities(simulate(even), {}), StageClass::kDecode).standard_error;
  const double wide =
      of(measure_sensitivities(simulate(uneven), {}), StageClass::kDecode).standard_error;
  EXPECT_LT(wide, 1.5 * narrow);
}

TEST(Sensitivity, LeavesOutWhatWasNotSteady) {
  const ProbeRecord record = simulate(input_bound());
  const std::uint64_t from = record.header.start_ns, to = from + 30'000'000'000;
  // The first thirty windows lie in an epoch boundary.
  const auto unsteady = [&](std::uint64_t a, std::uint64_t b) {
    return b < to ? static_cast<double>(b - a) : 0;
  };
  EXPECT_EQ(measure_sensitivities(record, unsteady).windows, 60);
}

TEST(Sensitivity, TooFewWindowsGiveNoValue) {
  ProbeModel model = input_bound();
  model.windows = 5;
  const Sensitivities found = measure_sensitivities(simulate(model), {});
  for (const ProbedStage& stage : found.stages) EXPECT_FALSE(stage.known);
  EXPECT_FALSE(is_narrow(found));
  model.windows = 0;
  EXPECT_EQ(measure_sensitivities(simulate(model), {}).windows, 0);
  EXPECT_TRUE(measure_sensitivities({}, {}).stages.empty());
}

TEST(Sensitivity, IsNarrowOnceAllIntervalsAre) {
  ProbeModel model = input_bound();
  EXPECT_TRUE(is_narrow(measure_sensitivities(simulate(model), {})));
  model.machine_noise = 0.3;
  EXPECT_FALSE(is_narrow(measure_sensitivities(simulate(model), {})));
}

// As has_found_enough() sees it when `windows` are whole and another one is under way.
bool found_enough(const ProbeRecord& record, std::size_t windows) {
  ProbeRecord seen = record;
  seen.windows.resize(windows + 1);
  return has_found_enough(seen);
}

bool narrow(const ProbeRecord& record, std::size_t windows) {
  ProbeRecord seen = record;
  seen.windows.resize(windows);
  return is_narrow(measure_sensitivities(seen, {}));
}

TEST(Sensitivity, HasToBeNarrowTwiceARoundApart) {
  const ProbeRecord record = simulate(input_bound());
  std::size_t first = 6;
  while (!narrow(record, first)) ++first;
  constexpr std::size_t kRound = 6;  // windows in which each of four classes is delayed once
  for (std::size_t windows = 0; windows < first + kRound; ++windows)
    EXPECT_FALSE(found_enough(record, windows)) << windows;
  EXPECT_TRUE(found_enough(record, first + kRound));
  EXPECT_FALSE(has_found_enough({}));
}

// What is under way has no mean yet.
TEST(Sensitivity, TheWindowUnderWayDoesNotCount) {
  ProbeRecord record = simulate(input_bound());
  record.windows.resize(61);
  record.windows.back().last_ns = record.windows.back().first_ns + 1;
  EXPECT_TRUE(has_found_enough(record));
}

// A stage that was never seen in its windows, and windows without steps.
TEST(Sensitivity, GapsCostTheirWindowsAlone) {
  ProbeRecord record = simulate(input_bound());
  for (std::size_t i = 0; i < record.windows.size(); i += 7) record.windows[i] = {};
  const Sensitivities found = measure_sensitivities(record, {});
  EXPECT_LT(found.windows, 80);
  EXPECT_NEAR(of(found, StageClass::kDecode).sensitivity.value, 0.6, 0.08);
}

TEST(StudentT, IsThatOfTheTables) {
  EXPECT_NEAR(student_t(kNormal975, 4), 2.776, 0.03);
  EXPECT_NEAR(student_t(kNormal975, 10), 2.228, 0.005);
  EXPECT_NEAR(student_t(kNormal975, 100), 1.984, 0.002);
  EXPECT_NEAR(student_t(kNormal995, 10), 3.169, 0.02);
}

}  // namespace
}  // namespace datamon::report
