#include "report/tune/setting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace datamon::report {
namespace {

using ::testing::Contains;

TEST(Setting, IsWrittenForTheJobForPeopleAndAsCode) {
  const LoaderSetting plain{.workers = 4, .prefetch = 2, .pin = {}, .persistent = {}};
  EXPECT_EQ(tune_variable(plain, 1), "loader=1,workers=4,prefetch=2");
  EXPECT_EQ(to_text(plain), "4 workers, prefetch 2");
  EXPECT_EQ(as_code(plain, LoaderKind::kTorch),
            "DataLoader(..., num_workers=4, prefetch_factor=2)");
  EXPECT_EQ(as_code(plain, LoaderKind::kPipeline), "--workers 4 --prefetch 2");

  const LoaderSetting all{.workers = 1, .prefetch = 4, .pin = true, .persistent = true};
  EXPECT_EQ(tune_variable(all, 0), "loader=0,workers=1,prefetch=4,pin=1,persistent=1");
  EXPECT_EQ(as_code(all, LoaderKind::kTorch),
            "DataLoader(..., num_workers=1, prefetch_factor=4, pin_memory=True, "
            "persistent_workers=True)");
}

// PyTorch refuses prefetch_factor and persistent_workers without workers.
TEST(Setting, SaysNothingOfPrefetchWithoutWorkers) {
  const LoaderSetting none{.workers = 0, .prefetch = 4, .pin = {}, .persistent = true};
  EXPECT_EQ(tune_variable({.workers = 0, .prefetch = 4, .pin = {}, .persistent = {}}, 3),
            "loader=3,workers=0");
  EXPECT_EQ(as_code(none, LoaderKind::kTorch), "DataLoader(..., num_workers=0)");
  EXPECT_EQ(as_code(none, LoaderKind::kPipeline), "--workers 0");
}

TEST(Setting, WithoutWorkersPrefetchMakesNoDifference) {
  const LoaderSetting two{.workers = 0, .prefetch = 2, .pin = {}, .persistent = {}};
  LoaderSetting four = two;
  four.prefetch = 4;
  EXPECT_EQ(two, four);
  EXPECT_FALSE(is_smaller(two, four));
  EXPECT_FALSE(is_smaller(four, two));
}

TEST(Settings, HoldThePresentOneAndAreDifferent) {
  for (const int workers : {0, 3, 8, 13, 100}) {
    for (const int prefetch : {1, 2, 7}) {
      const LoaderSetting now{
          .workers = workers, .prefetch = prefetch, .pin = {}, .persistent = {}};
      for (const int most : {0, 1, 8, 64}) {
        const auto all = settings_around(now, most);
        EXPECT_THAT(all, Contains(now));
        for (std::size_t i = 0; i < all.size(); ++i) {
          EXPECT_LE(all[i].workers, std::max(most, workers));
          EXPECT_GE(all[i].prefetch, 1);
          for (std::size_t j = i + 1; j < all.size(); ++j) EXPECT_FALSE(all[i] == all[j]);
        }
      }
    }
  }
}

}  // namespace
}  // namespace datamon::report
