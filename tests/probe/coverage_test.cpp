// How often intervals hold the truth, over simulated experiments of seeds that stay the same.
#include <gtest/gtest.h>

#include <cmath>

#include "probe_model.h"
#include "report/probe/sensitivity.h"

namespace datamon::report {
namespace {

using datamon::testing::ProbeModel;
using datamon::testing::simulate;

constexpr int kSeeds = 1000;

// A job of so many tried classes, on a machine whose windows err by themselves.
ProbeModel job_of(std::size_t classes) {
  ProbeModel model{.stages = {{StageClass::kDecode, 0.006},
                              {StageClass::kRead, 0.002},
                              {StageClass::kTransform, 0.002},
                              {StageClass::kCompute, 0.003}},
                   .windows = 60};
  model.stages.resize(classes);
  model.machine_noise = 0.02;
  model.likeness = 0;
  return model;
}

struct Tally {
  int all = 0, inside = 0;
  double error = 0, half_width = 0;

  void add(const ProbeModel& model, const Sensitivities& found) {
    for (const ProbedStage& stage : found.stages) {
      ASSERT_TRUE(stage.known);
      const double truth = model.sensitivity(stage.stage_class);
      inside += stage.sensitivity.low <= truth && truth <= stage.sensitivity.high;
      error += stage.sensitivity.value - truth;
      half_width += (stage.sensitivity.high - stage.sensitivity.low) / 2;
      ++all;
    }
  }
  double coverage() const { return static_cast<double>(inside) / all; }
};

Tally tally_of(ProbeModel model) {
  Tally tally;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    model.seed = seed;
    tally.add(model, measure_sensitivities(simulate(model), {}));
  }
  return tally;
}

// Unbiased: what is off on average is nothing beside the interval.
void expect_unbiased(const Tally& tally) {
  EXPECT_LT(std::abs(tally.error), 0.1 * tally.half_width);
}

class Coverage : public ::testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(OfClasses, Coverage, ::testing::Values(1, 2, 4));

// 95 of 100, within three standard deviations of a thousand draws.
TEST_P(Coverage, OfWindowsThatErrByThemselves) {
  const Tally tally = tally_of(job_of(GetParam()));
  EXPECT_GT(tally.coverage(), 0.93);
  EXPECT_LT(tally.coverage(), 0.97);
  expect_unbiased(tally);
}

// Each tenth window is twice as slow: intervals of eight times the width, and a little too
// wide where there are few windows.
TEST_P(Coverage, UnderLoadThatComesInBursts) {
  ProbeModel model = job_of(GetParam());
  model.burst_chance = 0.1;
  const Tally tally = tally_of(model);
  EXPECT_GT(tally.coverage(), 0.93);
  EXPECT_LT(tally.coverage(), 0.985);
  expect_unbiased(tally);
}

// Neighbours' noise cancels: too wide rather than too narrow.
TEST_P(Coverage, OfNoiseThatLasts) {
  ProbeModel model = job_of(GetParam());
  for (const double likeness : {0.6, 0.95}) {
    model.likeness = likeness;
    const Tally tally = tally_of(model);
    EXPECT_GT(tally.coverage(), 0.93) << likeness;
    EXPECT_LT(tally.coverage(), 0.99) << likeness;
    expect_unbiased(tally);
  }
}

// Looking again and again until the intervals are narrow costs up to two points of a hundred.
TEST_P(Coverage, WhereItEndsTheExperiment) {
  Tally tally;
  int ended_early = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    ProbeModel model = job_of(GetParam());
    model.machine_noise = 0.015;
    model.seed = seed;
    const ProbeRecord record = simulate(model);
    ProbeRecord seen = record;
    // A look at every fourth window, as at windows of the shortest length.
    for (std::size_t windows = 4; windows < record.windows.size(); windows += 4) {
      seen.windows.assign(record.windows.begin(),
                          record.windows.begin() + static_cast<std::ptrdiff_t>(windows));
      if (!has_found_enough(seen)) continue;
      ++ended_early;
      break;
    }
    seen.windows.pop_back();
    tally.add(model, measure_sensitivities(seen, {}));
  }
  EXPECT_GT(ended_early, kSeeds / 2);
  EXPECT_GT(tally.coverage(), 0.92);
  EXPECT_LT(tally.coverage(), 0.97);
}

}  // namespace
}  // namespace datamon::report
