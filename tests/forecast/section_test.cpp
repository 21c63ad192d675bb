// The forecasts of a report: beside its advice, as a table and as JSON.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>

#include "loader_model.h"
#include "report/diagnosis.h"
#include "report/forecast/candidates.h"
#include "report/forecast/forecast_json.h"
#include "report/forecast/forecast_text.h"
#include "report/reporter.h"

namespace datamon::report {
namespace {

using datamon::testing::loader;
using datamon::testing::make_profile;
using datamon::testing::ProfileModel;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ForecastSection, ANarrowPageSaysWhatItLeavesOut) {
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
  double before = std::numeric_limits<double>::infinity();
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

TEST(ForecastSection, JsonHoldsWhatTheContractSays) {
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

TEST(ForecastSection, SoundForAnyNumbers) {
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
