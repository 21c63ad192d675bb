// What must hold for placements of every loader with any rates.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "draw.h"
#include "profile_model.h"
#include "rates_model.h"
#include "report/forecast/placement_advice.h"
#include "report/forecast/placement_output.h"

namespace datamon::report {
namespace {

using datamon::testing::advice_on;
using datamon::testing::make_profile;
using datamon::testing::make_rates;
using datamon::testing::ProfileModel;
using datamon::testing::RatesModel;
using ::testing::Contains;

// Loaders and rates of all kinds.
struct Drawn {
  Profile profile;
  RatesModel rates;
};

Drawn drawn(datamon::testing::Draw& draw) {
  ProfileModel model;
  model.workers = draw.whole(0, 6);
  model.prefetch = draw.whole(1, 4);
  model.steps = 120;
  model.cores = draw.one_in(2) ? 64 : draw.whole(1, 4);
  model.cost = {.read = draw.spread(1e-5, 2e-2),
                .decode = draw.spread(1e-4, 2e-2),
                .transform = draw.spread(1e-5, 1e-2)};
  model.compute_s = draw.spread(1e-4, 2e-2);
  model.seed = static_cast<std::uint64_t>(draw.whole(1, 1000));
  Drawn out{make_profile(model), {}};
  if (draw.one_in(2)) {
    out.profile.machine.gpu = "Testdevice 1";
    out.profile.machine.gpus = 1;
    out.profile.machine.gpu_busy_share = draw.uniform(0, 1);
  }
  out.rates = {.cpu_us = draw.spread(1, 1000),
               .hybrid_us = draw.spread(1, 1000),
               .gpu_us = draw.spread(1, 1000),
               .hybrid_device_us = draw.spread(0.2, 300),
               .gpu_device_us = draw.spread(0.2, 300),
               .consumer_cpu_us = draw.spread(0.001, 30),
               .copy_us = draw.spread(0.2, 100)};
  return out;
}

// The address sanitizer is slow.
#if defined(__SANITIZE_ADDRESS__)
constexpr std::uint64_t kSeeds = 5;
#else
constexpr std::uint64_t kSeeds = 24;
#endif

double speedup(const Drawn& one, const char* placement) {
  const PlacementRates made = make_rates(one.rates);
  const ForecastAnswer answer =
      Forecaster(one.profile, &made).forecast({{ChangeKind::kPlacement, 0, placement}});
  EXPECT_TRUE(answer.forecast) << answer.why_not;
  return answer.forecast.value_or(Forecast()).speedup.value;
}

// Simulated steps take turns at shared cores: ends of a run differ by that much.
constexpr double kTurns = 0.995;

TEST(PlacementProperty, AFasterDeviceNeverMakesAForecastSlower) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    datamon::testing::Draw draw(seed);
    Drawn slow = drawn(draw);
    for (const char* const placement : {"hybrid", "gpu"}) {
      Drawn fast = slow;
      const double factor = draw.uniform(0.01, 0.9);
      fast.rates.hybrid_device_us *= factor;
      fast.rates.gpu_device_us *= factor;
      fast.rates.copy_us *= factor;
      EXPECT_GE(speedup(fast, placement), kTurns * speedup(slow, placement))
          << seed << " " << placement;
    }
  }
}

TEST(PlacementProperty, LessCpuTimeNeverMakesAForecastSlower) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    datamon::testing::Draw draw(seed);
    Drawn slow = drawn(draw), fast = slow;
    const double factor = draw.uniform(0.01, 0.9);
    fast.rates.cpu_us *= factor;
    *fast.rates.gpu_us *= factor;
    for (const char* const placement : {"cpu", "gpu"})
      EXPECT_GE(speedup(fast, placement), kTurns * speedup(slow, placement))
          << seed << " " << placement;
  }
}

TEST(PlacementProperty, AnAdviceIsAlwaysOfTheBestOrOfNone) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    datamon::testing::Draw draw(seed);
    const Drawn one = drawn(draw);
    const PlacementAdvice advice = advice_on(one.profile, one.rates);
    ASSERT_EQ(advice.why_not, "") << seed;
    double best = 0;
    for (const PlacementOutlook& outlook : advice.outlooks)
      best = std::max(best, outlook.forecast->speedup.value);
    EXPECT_EQ(advice.none_helps, best < 1.05) << seed;
    EXPECT_NE(advice.none_helps, advice.choice.has_value()) << seed;
    if (advice.choice) {
      const auto at = static_cast<std::size_t>(*advice.choice);
      EXPECT_GE(advice.outlooks[at].forecast->speedup.value * 1.031, best) << seed;
    }
    EXPECT_THAT((std::vector<std::string>{"storage", "model", "hand-off", "processor"}),
                Contains(advice.limit))
        << seed;
  }
}

// Anything that a damaged recording may bring, beside rates at the ends of their bounds.
TEST(PlacementProperty, SoundForAnyNumbers) {
  const double values[] = {0, -1, 1e300, std::nan("")};
  const RatesModel all_rates[] = {
      {}, {.cpu_us = 1e8, .hybrid_us = 1e-3, .gpu_us = 1e8, .gpu_device_us = 1e8, .copy_us = 1e8}};
  for (int where = 0; where < 8; ++where) {
    const double value = values[where % 4];
    const RatesModel& rates = all_rates[where / 4];
    ProfileModel model;
    model.workers = 2;
    model.steps = 60;
    Profile profile = make_profile(model);
    profile.data.image_pixels = value;
    profile.machine.gpus = 1;
    profile.machine.gpu_busy_share = value;
    profile.consumer.compute_s = value;
    profile.consumer.steady_s = value;
    profile.gpu.emplace().devices.resize(1);
    profile.gpu->devices[0].window_s = 1;
    profile.gpu->devices[0].busy_s = value;
    const PlacementAdvice advice = advice_on(profile, rates);
    for (const PlacementOutlook& outlook : advice.outlooks) {
      if (!outlook.forecast) continue;
      const Interval& gain = outlook.forecast->speedup;
      EXPECT_FALSE(std::isnan(gain.value)) << where;
      EXPECT_LE(gain.low, gain.value) << where;
      EXPECT_GE(gain.high, gain.value) << where;
      EXPECT_TRUE(std::isfinite(outlook.forecast->added_s) && outlook.forecast->added_s >= 0);
    }
    EXPECT_FALSE(placement_text(advice, {}).empty());
  }
}

}  // namespace
}  // namespace datamon::report
