// Throughput over the number of workers, and the number that is named.
#include "report/forecast/sweep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "loader_model.h"
#include "report/forecast/forecast_text.h"

namespace datamon::report {
namespace {

using datamon::testing::loader;
using datamon::testing::make_profile;
using datamon::testing::ProfileModel;
using ::testing::HasSubstr;

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

}  // namespace
}  // namespace datamon::report
