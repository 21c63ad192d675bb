// Forecasts of placements from measured rates, and the advice. The rates are the tests' own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "loader_model.h"
#include "rates_model.h"
#include "report/diagnosis.h"
#include "report/forecast/candidates.h"
#include "report/forecast/forecast_text.h"
#include "report/forecast/placement_output.h"
#include "report/reporter.h"

namespace datamon::report {
namespace {

using datamon::testing::advice_on;
using datamon::testing::make_profile;
using datamon::testing::make_rates;
using datamon::testing::ProfileModel;
using datamon::testing::RatesModel;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr double kItems = 32;  // a batch

// 4.4 ms of work a batch, of which 0.9 are reading from storage; two workers; a step of 1 ms.
ProfileModel image_loader() {
  ProfileModel model = datamon::testing::loader();
  model.items = static_cast<int>(kItems);
  return model;
}

Forecast forecast_of(const Profile& profile, const RatesModel& rates, const char* placement) {
  const PlacementRates made = make_rates(rates);
  const ForecastAnswer answer =
      Forecaster(profile, &made).forecast({{ChangeKind::kPlacement, 0, placement}});
  EXPECT_TRUE(answer.forecast) << answer.why_not;
  return answer.forecast.value_or(Forecast());
}

const Forecast& of(const PlacementAdvice& advice, Placement placement) {
  return *advice.outlooks[static_cast<std::size_t>(placement)].forecast;
}

// The loader's own stages, and those of the same loader with the reference pipeline in it: what
// reads from storage and what hands over stays.
ProfileModel placed(ProfileModel model, double worker_us, double step_longer_s) {
  model.cost.decode = worker_us * 1e-6 * kItems - 0.1 * model.cost.read;  // a tenth of it is CPU
  model.cost.transform = model.cost.collate = model.cost.other = 0;
  model.compute_s += step_longer_s;
  return model;
}

void expect_truth(const Forecast& forecast, const ProfileModel& after) {
  const double truth = make_profile(after).items_per_s;
  EXPECT_NEAR(forecast.items_per_s.value, truth, 0.03 * truth);
  EXPECT_FALSE(forecast.at_most);
}

TEST(PlacementTruth, OnTheCpuTheWorkersDoLess) {
  for (const double worker_us : {10.0, 30.0, 90.0, 300.0})
    expect_truth(forecast_of(make_profile(image_loader()), {.cpu_us = worker_us}, "cpu"),
                 placed(image_loader(), worker_us, 0));
}

TEST(PlacementTruth, OnTheGpuTheStepBecomesLonger) {
  for (const double device_us : {1.0, 10.0, 40.0, 200.0}) {
    const Forecast forecast =
        forecast_of(make_profile(image_loader()), {.gpu_us = 5, .gpu_device_us = device_us}, "gpu");
    const double device_s = device_us * 1e-6 * kItems;
    EXPECT_NEAR(forecast.device_s, device_s, 1e-9);
    EXPECT_NEAR(forecast.added_s, device_s, 1e-9);
    expect_truth(forecast, placed(image_loader(), 5, device_s));
  }
}

// The device is busy for a part of the step's own time: the rest of it is free.
TEST(PlacementTruth, IdleTimeOfTheGpuIsUsedFirst) {
  Profile profile = make_profile(image_loader());
  profile.machine.gpu = "Testdevice 1";
  profile.machine.gpus = 1;
  profile.machine.gpu_busy_share = 0.4e-3 * profile.steps_per_s;  // of the step's 1 ms
  for (const double device_us : {1.0, 10.0, 18.0, 40.0, 200.0}) {
    const Forecast forecast =
        forecast_of(profile, {.gpu_us = 5, .gpu_device_us = device_us}, "gpu");
    const double added_s = std::max(0.0, device_us * 1e-6 * kItems - 0.6e-3);
    EXPECT_NEAR(forecast.added_s, added_s, 0.02e-3) << device_us;
    expect_truth(forecast, placed(image_loader(), 5, added_s));
  }
}

TEST(PlacementTruth, RecordsOfTheDeviceAreBelievedBeforeTheSampler) {
  Profile profile = make_profile(image_loader());
  profile.machine.gpus = 1;
  profile.machine.gpu_busy_share = 0;
  profile.gpu.emplace();
  profile.gpu->devices.resize(2);
  profile.gpu->devices[0].window_s = profile.gpu->devices[1].window_s = 10;
  profile.gpu->devices[1].busy_s = 10 * 1e-3 * profile.steps_per_s;  // all of the step's own time
  EXPECT_NEAR(forecast_of(profile, {.gpu_device_us = 10}, "gpu").added_s, 10e-6 * kItems, 0.02e-3);
}

TEST(Placement, LargerImagesCostMore) {
  Profile profile = make_profile(image_loader());  // 90 kB an image
  const auto device_s = [&](RatesModel rates) {
    return forecast_of(profile, rates, "gpu").device_s / (rates.gpu_device_us * 1e-6 * kItems);
  };
  EXPECT_NEAR(device_s({}), 1, 0.01);
  EXPECT_NEAR(device_s({.mean_bytes = 45'000}), 2, 0.02);
  profile.data.image_pixels = 750'000;  // four times; bytes no longer count
  EXPECT_NEAR(device_s({.mean_bytes = 45'000}), 4, 0.01);
  EXPECT_THAT(forecast_of(profile, {}, "cpu").assumptions,
              Contains(HasSubstr("as they have so many times the pixels")));
}

TEST(Placement, SaysThatTheSizeOfImagesIsNotKnown) {
  Profile profile = make_profile(image_loader());
  for (StageProfile& stage : profile.stages) stage.bytes = 0;
  EXPECT_THAT(forecast_of(profile, {.mean_bytes = 10}, "cpu").assumptions,
              Contains(HasSubstr("the recording does not say how large")));
}

TEST(Placement, SaysThatTheRatesAreOfAnotherMachine) {
  Profile profile = make_profile(image_loader());
  profile.machine.cpu_model = "Otherchip";
  profile.machine.gpu = "Otherdevice";
  EXPECT_THAT(forecast_of(profile, {}, "gpu").assumptions,
              AllOf(Contains(HasSubstr("Otherchip")), Contains(HasSubstr("Testdevice 1"))));
}

TEST(Placement, WithoutRatesItIsABoundThatSaysHowToGetThem) {
  const Forecaster forecaster(make_profile(image_loader()));
  const auto gpu = forecaster.forecast({{ChangeKind::kPlacement, 0, "gpu"}}).forecast;
  ASSERT_TRUE(gpu);
  EXPECT_TRUE(gpu->at_most);
  EXPECT_THAT(gpu->assumptions, Contains(HasSubstr("datamon-pipeline DATA --rates FILE")));
  const ForecastAnswer cpu = forecaster.forecast({{ChangeKind::kPlacement, 0, "cpu"}});
  EXPECT_FALSE(cpu.forecast);
  EXPECT_THAT(cpu.why_not, HasSubstr("datamon-pipeline DATA --rates FILE"));
}

TEST(Placement, WithoutWorkersTheGpuHasNobodyToOverlapWith) {
  ProfileModel model = image_loader();
  model.workers = 0;
  model.receive_s = 0;
  Profile profile = make_profile(model);
  profile.machine.gpu = "Testdevice 1";
  profile.machine.gpus = 1;
  profile.machine.gpu_busy_share = 0;
  const Forecast forecast =
      forecast_of(profile, {.gpu_us = 5, .gpu_device_us = 10, .copy_us = 20}, "gpu");
  EXPECT_NEAR(forecast.added_s, 30e-6 * kItems, 1e-9);
}

TEST(Placement, OtherChangesGoWithIt) {
  const PlacementRates rates = make_rates({.gpu_us = 5, .gpu_device_us = 20});
  const Forecaster forecaster(make_profile(image_loader()), &rates);
  const auto speedup = [&](std::vector<Change> more) {
    more.insert(more.begin(), {ChangeKind::kPlacement, 0, "gpu"});
    return forecaster.forecast(more).forecast.value_or(Forecast()).speedup.value;
  };
  EXPECT_GT(speedup({{ChangeKind::kConsumer, 0.5, ""}}), 1.2 * speedup({}));
  EXPECT_NEAR(speedup({{ChangeKind::kBatchSize, 64, ""}}), speedup({}), 0.05 * speedup({}));
}

// What makes a step longer: kernels beyond the idle time, copies beyond the step.
TEST(AddedStep, IsWhatFindsNoRoom) {
  PlacementModel model;
  model.own_step_s = 10;
  const auto added = [&](double compute_s, double copy_s, double factor = 1, bool overlaps = true) {
    return added_step_s(model, {compute_s, copy_s, 0}, factor, overlaps);
  };
  EXPECT_EQ(added(3, 0), 3);  // how busy the device is is not known: all the time
  model.gpu_busy_s = 6;
  EXPECT_EQ(added(3, 0), 0);
  EXPECT_EQ(added(4, 0), 0);
  EXPECT_EQ(added(7, 0), 3);
  EXPECT_EQ(added(0, 0), 0);
  EXPECT_EQ(added(3, 9), 0);
  EXPECT_EQ(added(3, 12), 2);
  EXPECT_EQ(added(3, 0, 0.5), 1);  // a faster model has less of both
  EXPECT_EQ(added(3, 2, 1, false), 5);
  model.gpu_busy_s = 12;  // launched ahead: the device has more to do than the step takes
  EXPECT_EQ(added(3, 0), 5);
}

TEST(Advice, NamesThePlacementThatBringsMost) {
  const PlacementAdvice advice = advice_on(make_profile(image_loader()));
  ASSERT_EQ(advice.why_not, "");
  EXPECT_EQ(advice.choice, Placement::kGpu);
  EXPECT_TRUE(advice.sure);
  EXPECT_GT(of(advice, Placement::kGpu).speedup.value,
            of(advice, Placement::kHybrid).speedup.value);
  const std::string text = placement_text(advice, {});
  EXPECT_THAT(text, AllOf(HasSubstr("gpu is the best place: +"), HasSubstr("of GPU work a step"),
                          HasSubstr("rates: rates.json"), HasSubstr("Testdevice 1")));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 110u) << line;
}

TEST(Advice, OfAlikeOnesTheOneThatLeavesTheGpuAlone) {
  // Reading and handing over is all that is left in each.
  const PlacementAdvice advice = advice_on(make_profile(image_loader()), {.cpu_us = 5,
                                                                          .hybrid_us = 4.9,
                                                                          .gpu_us = 4.8,
                                                                          .hybrid_device_us = 0.1,
                                                                          .gpu_device_us = 0.1});
  EXPECT_EQ(advice.choice, Placement::kCpu);
}

TEST(Advice, ASlowDeviceIsNotAdvised) {
  const PlacementAdvice advice =
      advice_on(make_profile(image_loader()), {.cpu_us = 40, .gpu_us = 5, .gpu_device_us = 500});
  EXPECT_NE(advice.choice, Placement::kGpu);
  EXPECT_LT(of(advice, Placement::kGpu).speedup.value, 0.3);
  EXPECT_EQ(of(advice, Placement::kGpu).limit, "consumer");
}

TEST(Advice, NoneHelpsAJobThatStorageHoldsBack) {
  ProfileModel model = image_loader();
  model.cost.read = 20e-3;
  Profile at_its_limit = make_profile(model);
  at_its_limit.machine.disk_busy_share = 0.99;
  at_its_limit.machine.psi_io_some = 0.9;
  model.cost = {.read = 40e-3, .decode = 1e-3, .transform = 0.2e-3};  // slow, but not at its limit
  const RatesModel no_slower{.cpu_us = 150, .hybrid_us = 150, .gpu_us = 150};
  for (const auto& [profile, rates] :
       {std::pair{at_its_limit, RatesModel()}, std::pair{make_profile(model), no_slower}}) {
    const PlacementAdvice advice = advice_on(profile, rates);
    EXPECT_TRUE(advice.none_helps);
    EXPECT_FALSE(advice.choice);
    EXPECT_EQ(advice.limit, "storage");
    EXPECT_THAT(placement_text(advice, {}),
                HasSubstr("none of these will help: storage is the limit"));
    EXPECT_EQ(to_json(advice)["advice"], "none");
  }
}

TEST(Advice, NoneHelpsAJobThatTheModelHoldsBack) {
  ProfileModel model = image_loader();
  model.compute_s = 20e-3;
  const PlacementAdvice advice = advice_on(make_profile(model), {.gpu_device_us = 100});
  EXPECT_TRUE(advice.none_helps);
  EXPECT_EQ(advice.limit, "model");
  // It would even be slower there.
  EXPECT_NEAR(of(advice, Placement::kGpu).speedup.value, 20.05 / 23.25, 0.02);
  EXPECT_THAT(placement_text(advice, {}),
              AllOf(HasSubstr("none of these will help: the model is the limit"),
                    HasSubstr("taken from the model")));
}

TEST(Advice, NoneHelpsAJobThatHandingOverHoldsBack) {
  ProfileModel model = image_loader();
  model.receive_s = 10e-3;
  EXPECT_EQ(advice_on(make_profile(model)).limit, "hand-off");
  model = image_loader();
  model.cost.send = 100e-3;
  const PlacementAdvice advice = advice_on(make_profile(model));
  EXPECT_TRUE(advice.none_helps);
  EXPECT_EQ(advice.limit, "hand-off");
}

TEST(Advice, NoneHelpsWhenTheReferencePipelineIsNoFaster) {
  const PlacementAdvice advice =
      advice_on(make_profile(image_loader()), {.cpu_us = 400, .hybrid_us = 300, .gpu_us = 200});
  EXPECT_TRUE(advice.none_helps);
  EXPECT_EQ(advice.limit, "processor");
}

TEST(Advice, WhatWasNotMeasuredIsNoAdvice) {
  const RatesModel cpu_only{.cpu_us = 400, .hybrid_us = {}, .gpu_us = {}};
  const PlacementAdvice advice = advice_on(make_profile(image_loader()), cpu_only);
  EXPECT_FALSE(advice.choice);
  EXPECT_FALSE(advice.none_helps);
  EXPECT_TRUE(of(advice, Placement::kGpu).at_most);
  EXPECT_TRUE(to_json(advice)["advice"].is_null());
  EXPECT_THAT(placement_text(advice, {}),
              AllOf(HasSubstr("what was measured will not help"), HasSubstr("gpu (up to about +"),
                    HasSubstr("not measured: there is no GPU")));
  // Not even the bound helps where the model is the limit.
  ProfileModel model = image_loader();
  model.compute_s = 20e-3;
  EXPECT_TRUE(advice_on(make_profile(model), cpu_only).none_helps);
}

TEST(Advice, IsOnlyForJobsThatDecode) {
  ProfileModel model = image_loader();
  model.cost.decode = 0;
  const PlacementAdvice advice = advice_on(make_profile(model));
  EXPECT_THAT(advice.why_not, HasSubstr("no decoding was recorded"));
  EXPECT_THAT(placement_text(advice, {}), HasSubstr("no advice on the placement"));
  EXPECT_TRUE(to_json(advice)["advice"].is_null());
  model = image_loader();
  model.steps = 10;
  EXPECT_THAT(advice_on(make_profile(model)).why_not, HasSubstr("steady steps"));
}

TEST(Advice, IsInTheReports) {
  const Profile profile = make_profile(image_loader());
  const PlacementRates rates = make_rates();
  const Diagnosis diagnosis = diagnose(profile);
  const ForecastSection section = forecast_section(profile, diagnosis, &rates);
  const auto json =
      nlohmann::json::parse(json_reporter()->render(profile, diagnosis, &section))["placement"];
  EXPECT_EQ(json["advice"], "gpu");
  ASSERT_EQ(json["placements"].size(), 3u);
  EXPECT_GT(json["placements"][2]["forecast"]["speedup"]["value"], 1);
  EXPECT_GT(json["placements"][2]["added_s_a_step"], 0);
  EXPECT_EQ(json["rates"]["device"], "Testdevice 1");
  EXPECT_THAT(text_reporter({})->render(profile, diagnosis, &section),
              HasSubstr("where to prepare images"));
  EXPECT_THAT(forecasts_table(section, {}),
              AllOf(HasSubstr("where to prepare images"), HasSubstr("the reference pipeline on")));
  const ForecastSection without = forecast_section(profile, diagnosis);
  EXPECT_FALSE(without.placement);
  EXPECT_THAT(text_reporter({})->render(profile, diagnosis, &without),
              Not(HasSubstr("where to prepare images")));
}

}  // namespace
}  // namespace datamon::report
