// Jobs as they are, of which more is easily said than is known.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

#include "profile_model.h"
#include "report/diagnosis_evidence.h"

namespace datamon::report {
namespace {

using testing::make_profile;
using testing::ProfileModel;

// Of films, a batch takes what it takes. Of sixteen workers that made six batches each one
// always has the longest ones.
TEST(SlowWorker, IsNotNamedByChance) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    ProfileModel model;
    model.workers = 16;
    model.cores = 32;
    model.steps = 96;
    model.seed = seed;
    model.slowness = [seed](int batch, int) {
      const std::uint64_t mixed =
          (static_cast<std::uint64_t>(batch) + 1000 * seed) * 0x9E3779B97F4A7C15u;
      return std::exp(4 * (static_cast<double>(mixed >> 11) * 0x1p-53 - 0.5));  // 0.14 to 7.4
    };
    EXPECT_EQ(gather_evidence(make_profile(model)).makers.slow_worker, -1) << seed;
  }
}

TEST(SlowWorker, IsNamedWhereItsBatchesSaySo) {
  ProfileModel model;
  model.workers = 16;
  model.cores = 32;
  model.steps = 16 * 15;
  model.slowness = [](int, int worker) { return worker == 9 ? 1.8 : 1.0; };
  EXPECT_EQ(gather_evidence(make_profile(model)).makers.slow_worker, 9);
}

}  // namespace
}  // namespace datamon::report
