// Whole forecasts, from profiles of loaders that are made again with the change.
#include "report/forecast/forecast.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "loader_model.h"
#include "report/forecast/forecast_json.h"
#include "report/forecast/forecast_text.h"

namespace datamon::report {
namespace {

using datamon::testing::loader;
using datamon::testing::make_profile;
using datamon::testing::ProfileModel;
using ::testing::Contains;
using ::testing::HasSubstr;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Forecast forecast_of(const ProfileModel& model, const std::vector<Change>& changes) {
  const ForecastAnswer answer = Forecaster(make_profile(model)).forecast(changes);
  EXPECT_TRUE(answer.forecast) << answer.why_not;
  return answer.forecast.value_or(Forecast());
}

// The model's own rate after the change is the truth. It makes times of its own
// there, so the two agree within what so many steps scatter.
void expect_truth(const ProfileModel& before, const ProfileModel& after,
                  const std::vector<Change>& changes) {
  const double truth = make_profile(after).items_per_s;
  const Forecast forecast = forecast_of(before, changes);
  EXPECT_NEAR(forecast.items_per_s.value, truth, 0.03 * truth) << to_text(changes);
  EXPECT_LE(forecast.items_per_s.low, forecast.items_per_s.value);
  EXPECT_GE(forecast.items_per_s.high, forecast.items_per_s.value);
  EXPECT_NEAR(forecast.speedup.value, truth / make_profile(before).items_per_s, 0.06)
      << to_text(changes);
}

TEST(ForecastTruth, Workers) {
  for (const int workers : {1, 3, 4, 8, 16}) {
    ProfileModel after = loader();
    after.workers = workers;
    expect_truth(loader(), after, {{ChangeKind::kWorkers, static_cast<double>(workers), ""}});
  }
}

TEST(ForecastTruth, FasterStages) {
  ProfileModel after = loader();
  after.cost.decode /= 3;
  expect_truth(loader(), after, {{ChangeKind::kFaster, 3, "decode"}});
  after.cost.transform = 0;
  expect_truth(loader(), after,
               {{ChangeKind::kFaster, 3, "decode"}, {ChangeKind::kFaster, kInfinity, "transform"}});
}

TEST(ForecastTruth, CachedDataCostsOnlyTheCpuPartOfReading) {
  ProfileModel after = loader();
  after.cost.read *= 0.1;  // of the model's reading a tenth is CPU
  expect_truth(loader(), after, {{ChangeKind::kCached, 0, ""}});
}

// More readers than storage serves: said by the reads, not known, and excluded by them.
TEST(Forecast, MoreWorkersOnStorageOfUnknownLimit) {
  ProfileModel model = loader();
  model.cost.read = 20e-3;
  Profile profile = make_profile(model);
  const auto four_workers = [&] {
    const ForecastAnswer answer = Forecaster(profile).forecast({{ChangeKind::kWorkers, 4, ""}});
    EXPECT_TRUE(answer.forecast) << answer.why_not;
    return answer.forecast.value_or(Forecast()).speedup;
  };
  profile.reads.blocked_share = 0.9;
  profile.reads.overlap = {.reads = 5000, .at_once = 1.9, .active_share = 0.98};
  const Interval unknown = four_workers();
  EXPECT_GT(unknown.value, 1.8);
  EXPECT_LT(unknown.low, 1.05);
  profile.reads.overlap.growth = 0;
  profile.reads.overlap.growth_error = 0.05;
  EXPECT_GT(four_workers().low, 1.7);
  profile.reads.overlap.growth = 1;
  EXPECT_LT(four_workers().value, 1.1);
}

TEST(ForecastTruth, Consumer) {
  ProfileModel slow = loader();
  slow.compute_s = 4e-3;
  for (const double factor : {0.25, 0.5, 2.0, 4.0}) {
    ProfileModel after = slow;
    after.compute_s *= factor;
    expect_truth(slow, after, {{ChangeKind::kConsumer, factor, ""}});
  }
}

TEST(ForecastTruth, WorkersInsteadOfNone) {
  ProfileModel none = loader(), two = loader();
  none.workers = 0;
  none.receive_s = two.receive_s = 0;
  none.compute_s = two.compute_s = 3e-3;
  expect_truth(none, two, {{ChangeKind::kWorkers, 2, ""}});
  expect_truth(two, none, {{ChangeKind::kWorkers, 0, ""}});
}

TEST(ForecastTruth, PrefetchBridgesStragglers) {
  ProfileModel shallow = loader();
  shallow.workers = 4;
  shallow.prefetch = 1;
  shallow.steps = 2000;
  shallow.compute_s = 1.5e-3;
  shallow.slowness = [](int batch, int) { return batch % 37 == 0 ? 8.0 : 1.0; };
  ProfileModel deep = shallow;
  deep.prefetch = 8;
  ASSERT_GT(make_profile(deep).items_per_s, 1.1 * make_profile(shallow).items_per_s);
  expect_truth(shallow, deep, {{ChangeKind::kPrefetch, 8, ""}});
  ProfileModel even = shallow;
  even.slowness = nullptr;
  expect_truth(shallow, even, {{ChangeKind::kNoStragglers, 0, ""}});
}

TEST(ForecastTruth, OneSlowWorker) {
  ProfileModel before = loader();
  before.workers = 4;
  before.compute_s = 0.1e-3;
  before.slowness = [](int, int worker) { return worker == 1 ? 3.0 : 1.0; };
  ProfileModel after = before;
  after.workers = 8;
  expect_truth(before, after, {{ChangeKind::kWorkers, 8, ""}});
}

TEST(Forecast, MoreWorkersDoNotHelpWhenAllCoresAreBusy) {
  ProfileModel model = loader();
  model.cores = 2;
  model.cost.read = 0;
  model.compute_s = 1e-5;
  // The consumer computes on a core, too.
  const Forecast forecast = forecast_of(model, {{ChangeKind::kWorkers, 8, ""}});
  EXPECT_LT(forecast.speedup.value, 1.05);
  EXPECT_EQ(forecast.limit, "cores");
  EXPECT_GT(forecast_of(loader(), {{ChangeKind::kWorkers, 8, ""}}).speedup.value, 1.5);
}

TEST(Forecast, RunQueueTimeIsNotTakenForWork) {
  ProfileModel crowded = loader();
  crowded.crowded = 0.5;
  crowded.cost.read = 0;
  // Half of the CPU stages was waiting for a core; alone a batch takes half as long.
  const Forecaster forecaster(make_profile(crowded));
  double cpu_s = 0;
  for (const RecordedBatch& batch : forecaster.model().batches)
    for (const float part_s : batch.cpu_s) cpu_s += part_s;
  const double batch_s = cpu_s / static_cast<double>(forecaster.model().batches.size());
  EXPECT_NEAR(batch_s, 0.5 * 3.4e-3, 0.1e-3);
}

TEST(Forecast, StorageAtItsLimitIsNotReadFasterByMoreWorkers) {
  ProfileModel model = loader();
  model.cost.read = 20e-3;
  Profile profile = make_profile(model);
  profile.machine.disk_busy_share = 0.99;
  profile.machine.psi_io_some = 0.9;
  const auto limited = Forecaster(profile).forecast({{ChangeKind::kWorkers, 8, ""}}).forecast;
  ASSERT_TRUE(limited);
  EXPECT_LT(limited->speedup.value, 1.1);
  EXPECT_EQ(limited->limit, "storage");
  const Forecast free = forecast_of(model, {{ChangeKind::kWorkers, 8, ""}});
  EXPECT_GT(free.speedup.value, 3);
  EXPECT_THAT(Forecaster(make_profile(model)).model().assumptions,
              Contains(HasSubstr("storage serves more readers")));
}

TEST(Forecast, BatchSizeInItems) {
  ProfileModel model = loader();
  model.compute_s = 1e-5;
  const Forecast forecast = forecast_of(model, {{ChangeKind::kBatchSize, 128, ""}});
  EXPECT_NEAR(forecast.speedup.value, 1, 0.05);
}

TEST(Forecast, PlacementOnTheGpuIsAnUpperBound) {
  const Forecast forecast = forecast_of(loader(), {{ChangeKind::kPlacement, 0, "gpu"}});
  EXPECT_TRUE(forecast.at_most);
  EXPECT_THAT(gain_text(forecast), HasSubstr("up to about +"));
  EXPECT_TRUE(to_json(forecast)["throughput"]["low"].is_null());
}

TEST(Forecast, NamesStagesThatThereAre) {
  const ForecastAnswer answer =
      Forecaster(make_profile(loader())).forecast({{ChangeKind::kFaster, 2, "tokenise"}});
  EXPECT_FALSE(answer.forecast);
  EXPECT_THAT(answer.why_not, HasSubstr("there is: read, decode, transform"));
}

TEST(Forecast, SaysWhyItCannot) {
  ProfileModel few = loader();
  few.steps = 10;
  EXPECT_THAT(Forecaster(make_profile(few)).why_not(), HasSubstr("steady steps"));
  Profile no_batches = make_profile(loader());
  no_batches.batches.clear();
  EXPECT_THAT(Forecaster(no_batches).why_not(), HasSubstr("single batches"));
  EXPECT_FALSE(Forecaster(Profile()).why_not().empty());
}

TEST(Forecast, OtherProgramsWidenTheInterval) {
  ProfileModel model = loader();
  model.cores = 2;
  model.workers = 1;
  model.cost.read = 0;
  model.crowded = 0.3;
  model.compute_s = 1e-4;
  model.other_programs = 0.9;
  const Forecast forecast = forecast_of(model, {{ChangeKind::kWorkers, 2, ""}});
  EXPECT_LT(forecast.speedup.low, 0.95 * forecast.speedup.high);
  EXPECT_GT(forecast.speedup.value, 1.05);
}

}  // namespace
}  // namespace datamon::report
