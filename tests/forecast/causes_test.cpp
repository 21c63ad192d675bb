// What forecasts know of causes: late hand-overs, single parts of a stage, workers
// that may bring nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "profile_model.h"
#include "report/diagnosis.h"
#include "report/forecast/forecast.h"
#include "report/forecast/simulation.h"
#include "report/forecast/worker_qualifier.h"

namespace datamon::report {
namespace {

using datamon::testing::make_profile;
using datamon::testing::ProfileModel;
using ::testing::Contains;
using ::testing::Not;

constexpr double kTakesNoTime = std::numeric_limits<double>::infinity();  // so much faster

double rate(const LoaderSetup& setup, double batch_s, double step_s) {
  const std::vector<BatchWork> batches(600, BatchWork{0, 0, batch_s});
  const std::vector<StepWork> steps(600, StepWork{0, 0, step_s, 0});
  return simulate(setup, batches, steps).steady_rate(50, 50);
}

TEST(ServesBetweenBatches, AWorkerThatNeverRestsSetsThePace) {
  LoaderSetup setup;
  setup.workers = 1;
  // Batches of 10 ms, steps of 4: the worker is the limit either way.
  setup.serves_between_batches = true;
  EXPECT_NEAR(rate(setup, 10e-3, 4e-3), 100, 2);
  setup.serves_between_batches = false;
  EXPECT_NEAR(rate(setup, 10e-3, 4e-3), 100, 2);
}

TEST(ServesBetweenBatches, AFastWorkerCostsItsBatchAStepAtMost) {
  LoaderSetup setup;
  setup.workers = 1;
  EXPECT_NEAR(rate(setup, 5e-3, 20e-3), 50, 1);
  setup.serves_between_batches = true;  // at rest when it is asked
  EXPECT_NEAR(rate(setup, 5e-3, 20e-3), 50, 1);
  setup.workers = 4;
  EXPECT_LE(rate(setup, 10e-3, 2e-3), 400.1);
  EXPECT_GE(rate(setup, 10e-3, 2e-3), 80.0);  // never less than one worker brings
}

// Parts of a class add up, however they are asked for.
TEST(PartsOfAStage, AddUpToTheirClass) {
  ProfileModel model;
  model.cost.transform = 12e-3;
  Profile profile = make_profile(model);
  std::vector<StageProfile> parts;
  for (StageProfile& stage : profile.stages) {
    if (stage.name != "transform") continue;
    parts = {stage, stage};
    parts[0].name = "transform/a";
    parts[1].name = "transform/b";
    parts[0].self_s = 0.7 * stage.self_s;
    parts[1].self_s = 0.3 * stage.self_s;
  }
  std::erase_if(profile.stages, [](const StageProfile& s) { return s.name == "transform"; });
  profile.stages.insert(profile.stages.end(), parts.begin(), parts.end());
  const Forecaster forecaster(profile);
  const auto gain = [&](const std::vector<Change>& changes) {
    return forecaster.forecast(changes).forecast.value().speedup.value;
  };
  const Change a{ChangeKind::kFaster, kTakesNoTime, "transform/a"};
  const Change b{ChangeKind::kFaster, kTakesNoTime, "transform/b"};
  EXPECT_NEAR(gain({a, b}), gain({{ChangeKind::kFaster, kTakesNoTime, "transform"}}), 1e-9);
  EXPECT_LT(gain({b}), gain({a}));
  const Change twice{ChangeKind::kFaster, 2, "transform/a"};
  EXPECT_NEAR(gain({twice, twice}), gain({{ChangeKind::kFaster, 4, "transform/a"}}), 1e-9);
}

Verdict judged(const Profile& profile) {
  Diagnosis diagnosis = diagnose(profile);
  judge_workers(forecast_section(profile, diagnosis), diagnosis);
  return diagnosis.verdict;
}

TEST(JudgeWorkers, StragglersThatMoreWorkersWouldHide) {
  ProfileModel model;
  model.compute_s = 2e-3;
  model.cores = 16;
  model.slowness = [](int batch, int) { return batch % 23 == 7 ? 10.0 : 1.0; };
  const Profile profile = make_profile(model);
  EXPECT_THAT(diagnose(profile).verdict.qualifiers, Not(Contains(Qualifier::kTooFewWorkers)));
  EXPECT_THAT(judged(profile).qualifiers, Contains(Qualifier::kTooFewWorkers));
}

// The workers' reads sleep, all the time. The disk idles: there is a limit above it,
// which may be reached.
TEST(JudgeWorkers, AStorageThatMayBeAtItsLimit) {
  ProfileModel model;
  model.cost = {.read = 20e-3, .decode = 0.5e-3, .transform = 0.2e-3};
  Profile profile = make_profile(model);
  profile.machine.job_storage_bytes_per_s = 4e6;
  profile.machine.disk_busy_share = 0.05;
  profile.reads.overlap.active_share = 1;
  EXPECT_THAT(diagnose(profile).verdict.qualifiers, Contains(Qualifier::kTooFewWorkers));
  EXPECT_THAT(judged(profile).qualifiers, Not(Contains(Qualifier::kTooFewWorkers)));
  // It serves one reader as fast as four: then it has room.
  profile.reads = {.overlap = {.reads = 5000,
                               .at_once = 3.4,
                               .active_share = 0.97,
                               .growth = 0.02,
                               .growth_error = 0.05},
                   .sharing = {},
                   .blocked_share = 0.95,
                   .waiting_share = 0};
  EXPECT_THAT(judged(profile).qualifiers, Contains(Qualifier::kTooFewWorkers));
}

TEST(JudgeWorkers, FullCoresStayAsTheyAre) {
  ProfileModel model;
  model.workers = 2;
  model.cores = 2;
  model.compute_s = 0.2e-3;
  model.cost.decode = 12e-3;
  EXPECT_THAT(judged(make_profile(model)).qualifiers, Not(Contains(Qualifier::kTooFewWorkers)));
}

}  // namespace
}  // namespace datamon::report
