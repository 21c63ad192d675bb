// Whole forecasts, from profiles of loaders that are made again with the change.
#include "report/forecast/forecast.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>

#include "profile_model.h"
#include "report/diagnosis.h"
#include "report/forecast/candidates.h"
#include "report/forecast/forecast_json.h"
#include "report/forecast/forecast_text.h"
#include "report/forecast/sweep.h"
#include "report/reporter.h"

namespace datamon::report {
namespace {

using datamon::testing::make_profile;
using datamon::testing::ProfileModel;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Forecast forecast_of(const ProfileModel& model, const std::vector<Change>& changes) {
  const ForecastAnswer answer = Forecaster(make_profile(model)).forecast(changes);
  EXPECT_TRUE(answer.forecast) << answer.why_not;
  return answer.forecast.value_or(Forecast());
}

ProfileModel loader() {
  ProfileModel model;
  model.workers = 2;
  model.cores = 64;
  model.steps = 800;
  return model;
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

TEST(Forecast, PersistentWorkersSaveTheirStarts) {
  Profile profile = make_profile(loader());
  const double end_s = profile.phases.back().end_s;
  for (int i = 0; i < 4; ++i)
    profile.phases.push_back({PhaseKind::kEpochBoundary, end_s + i, end_s + i + 0.5});
  const auto forecast =
      Forecaster(profile).forecast({{ChangeKind::kPersistentWorkers, 0, ""}}).forecast;
  ASSERT_TRUE(forecast);
  EXPECT_TRUE(forecast->whole_run);
  const double batch_s = 4.4e-3, steady_s = profile.consumer.steady_s;
  EXPECT_NEAR(forecast->speedup.value, (steady_s + 2) / (steady_s + 4 * batch_s), 0.02);
  EXPECT_THAT(Forecaster(make_profile(loader()))
                  .forecast({{ChangeKind::kPersistentWorkers, 0, ""}})
                  .why_not,
              HasSubstr("no epoch ended"));
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

TEST(Sweep, NamesTheLeastNumberThatFeedsTheConsumer) {
  ProfileModel model = loader();
  model.workers = 1;
  model.jitter = 0;
  model.compute_s = 1e-3;
  model.receive_s = 0;
  const Sweep sweep = sweep_workers(Forecaster(make_profile(model)), {});
  ASSERT_EQ(sweep.by_workers.size(), 64u);
  EXPECT_TRUE(sweep.feeds_consumer);
  EXPECT_EQ(sweep.enough, 5);  // 4.4 ms a batch, 1 ms a step
  const TextStyle plain{.width = 80, .color = false, .utf8 = false};
  const std::string text = sweep_text(sweep, plain);
  EXPECT_THAT(text, HasSubstr("5 workers feed the consumer"));
  for (const char c : text) EXPECT_TRUE(c == '\n' || (c >= 32 && c < 127));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
}

TEST(Sweep, WithoutEnoughCoresItNamesTheBest) {
  ProfileModel model = loader();
  model.workers = 1;
  model.cores = 2;
  model.cost.read = 0;
  model.compute_s = 0.1e-3;
  const Sweep sweep = sweep_workers(Forecaster(make_profile(model)), {});
  EXPECT_FALSE(sweep.feeds_consumer);
  EXPECT_GE(sweep.enough, 2);
  EXPECT_LE(sweep.enough, 4);
  EXPECT_THAT(sweep_text(sweep, {}), HasSubstr("99 % of the best"));
}

// Batches ahead even out what a step takes: the steady part of a simulation, or a longer
// one, holds other steps than the bound is of.
TEST(Sweep, NothingIsAboveWhatTheConsumerTakes) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    ProfileModel model = loader();
    model.seed = seed;
    model.workers = 1;
    model.steps = 203;
    model.jitter = 0.9;
    model.compute_s = 2e-3;
    const Forecaster forecaster(make_profile(model));
    const Sweep sweep = sweep_workers(forecaster, {});
    EXPECT_NEAR(sweep.consumer_items_per_s, forecaster.bounds().consumer,
                1e-9 * sweep.consumer_items_per_s);
    for (const Forecast& forecast : sweep.by_workers) {
      EXPECT_LE(forecast.items_per_s.value, sweep.consumer_items_per_s * (1 + 1e-12));
      EXPECT_LE(forecast.items_per_s.low, forecast.items_per_s.value);
      EXPECT_NEAR(forecast.speedup.value * forecaster.measured_items_per_s(),
                  forecast.items_per_s.value, 1e-6 * forecast.items_per_s.value);
    }
  }
}

TEST(Forecasts, ANarrowPageSaysWhatItLeavesOut) {
  const Profile profile = make_profile(loader());
  const ForecastSection section = forecast_section(profile, diagnose(profile));
  const std::string narrow = forecasts_table(section, {.width = 60});
  EXPECT_THAT(narrow, HasSubstr("left out: range, then (--width "));
  std::size_t needed = 0;
  ASSERT_EQ(std::sscanf(narrow.c_str() + narrow.find("(--width "), "(--width %zu", &needed), 1);
  const std::string wide = forecasts_table(section, {.width = static_cast<int>(needed)});
  EXPECT_THAT(wide, Not(HasSubstr("left out")));
  EXPECT_THAT(wide, HasSubstr("range"));
  EXPECT_THAT(forecasts_table(section, {.width = static_cast<int>(needed) - 1}),
              HasSubstr("left out: range ("));
}

struct Reported {
  Diagnosis diagnosis;
  ForecastSection section;
};

Reported report_on(const Profile& profile) {
  Reported out{diagnose(profile), {}};
  out.section = forecast_section(profile, out.diagnosis);
  rank_by_forecast(out.diagnosis, out.section.forecasts);
  return out;
}

TEST(Ranking, SureGainsComeFirstByTheirSize) {
  ProfileModel model = loader();
  model.compute_s = 1e-4;
  const Reported reported = report_on(make_profile(model));
  ASSERT_FALSE(reported.diagnosis.remedies.empty());
  EXPECT_THAT(reported.diagnosis.remedies.front().change, HasSubstr("workers"));
  double before = kInfinity;
  for (const Remedy& remedy : reported.diagnosis.remedies) {
    if (!remedy.forecast || remedy.forecast->at_most) break;
    EXPECT_LE(remedy.forecast->speedup.value, before);
    before = remedy.forecast->speedup.value;
  }
}

TEST(Ranking, UnhelpfulChangesCarryTheirForecast) {
  ProfileModel model = loader();
  model.cores = 2;
  model.cost.read = 0;
  model.compute_s = 1e-5;
  const Reported reported = report_on(make_profile(model));
  const auto unhelpful = nlohmann::json::parse(
      json_reporter()->render(make_profile(model), reported.diagnosis, &reported.section));
  EXPECT_THAT(unhelpful["unhelpful"].dump(), HasSubstr("more workers: "));
  EXPECT_THAT(unhelpful["unhelpful"].dump(), HasSubstr(" %"));
}

TEST(Ranking, LeavesAtLeastOneRemedy) {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    ProfileModel model = loader();
    model.steps = 200;
    model.seed = seed;
    model.compute_s = 1e-4 * static_cast<double>(1 + seed * seed);
    model.cores = 1 + static_cast<double>(seed % 8);
    model.workers = static_cast<int>(seed % 5);
    const Reported reported = report_on(make_profile(model));
    EXPECT_FALSE(reported.diagnosis.remedies.empty()) << seed;
  }
}

TEST(Forecast, JsonHoldsWhatTheContractSays) {
  const Profile profile = make_profile(loader());
  const Reported reported = report_on(profile);
  const auto json = nlohmann::json::parse(
      json_reporter()->render(profile, reported.diagnosis, &reported.section));
  ASSERT_GT(json["forecasts"].size(), 8u);
  for (const auto& forecast : json["forecasts"]) {
    EXPECT_TRUE(forecast["change"]["kind"].is_string());
    EXPECT_TRUE(forecast["throughput"]["value"].is_number());
    EXPECT_TRUE(forecast["speedup"]["high"].is_number());
  }
  EXPECT_NEAR(json["forecast_basis"]["simulated_over_measured"].get<double>(), 1, 0.02);
}

// Anything that a damaged recording may bring.
// The address sanitizer is slow: there each place gets one of the values.
#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t kValuesAPlace = 1;
#else
constexpr std::size_t kValuesAPlace = 4;
#endif

TEST(Forecast, SoundForAnyNumbers) {
  const double values[] = {0, -1, 1e300, std::nan("")};
  for (int where = 0; where < 9; ++where) {
    for (std::size_t tried = 0; tried < kValuesAPlace; ++tried) {
      const std::size_t i = (static_cast<std::size_t>(where) + tried) % std::size(values);
      ProfileModel model = loader();
      model.steps = 60;
      Profile profile = make_profile(model);
      const double value = values[i];
      switch (where) {
        case 0:
          profile.machine.cores_allowed = profile.machine.cores_online = value;
          break;
        case 1:
          for (auto& batch : profile.batches) batch.self_s[4] = value;
          break;
        case 2:
          for (auto& step : profile.consumer.step) step.compute_s = value;
          break;
        case 3:
          for (auto& stage : profile.stages) stage.split.cpu_s = value;
          break;
        case 4:
          profile.steps_per_s = value;
          break;
        case 5:
          profile.items_per_s = value;
          break;
        case 6:
          for (auto& step : profile.consumer.step) step.ready_s = value;
          break;
        case 7:
          profile.machine.cores_used_job = value;
          break;
        default:
          for (auto& batch : profile.batches) batch.start_s = value;
          break;
      }
      const Reported reported = report_on(profile);
      for (const Forecast& forecast : reported.section.forecasts) {
        EXPECT_FALSE(std::isnan(forecast.speedup.value)) << i << " " << where;
        EXPECT_LE(forecast.speedup.low, forecast.speedup.value) << i << " " << where;
        EXPECT_GE(forecast.speedup.high, forecast.speedup.value) << i << " " << where;
      }
      EXPECT_FALSE(forecasts_table(reported.section, {}).empty());
    }
  }
}

}  // namespace
}  // namespace datamon::report
