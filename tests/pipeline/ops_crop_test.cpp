// Random numbers and crop boxes.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "pipeline/ops/crop.h"

namespace datamon::pipeline::test {
namespace {

// The first numbers of the PCG reference implementation's demo (pcg32_srandom(42, 54)).
TEST(Random, IsPcg32) {
  Random random(42, 54);
  for (const std::uint32_t expected :
       {0xa15c02b7U, 0x7b47f409U, 0xba1d3330U, 0x83d2f293U, 0xbfa4784bU, 0xcbed606eU}) {
    EXPECT_EQ(random.next(), expected);
  }
}

TEST(Random, ItemsHaveStreamsOfTheirOwn) {
  std::set<std::uint32_t> firsts;
  for (std::uint64_t item = 0; item < 1000; ++item) {
    for (std::uint64_t epoch = 0; epoch < 3; ++epoch) {
      firsts.insert(Random::for_item(1, epoch, item).next());
    }
  }
  EXPECT_GT(firsts.size(), 2990U);
  EXPECT_EQ(Random::for_item(1, 2, 3).next(), Random::for_item(1, 2, 3).next());
}

TEST(Random, BelowIsUniform) {
  Random random(1);
  int counts[7] = {};
  for (int i = 0; i < 70'000; ++i) {
    ++counts[random.below(7)];
  }
  for (const int count : counts) {
    EXPECT_NEAR(count, 10'000, 400);
  }
}

TEST(Crop, LiesInsideAndHasTheAskedShape) {
  Random random(5);
  double area_sum = 0;
  constexpr int kCount = 20'000;
  for (int i = 0; i < kCount; ++i) {
    const CropBox box = random_resized_crop(500, 375, random);
    ASSERT_GE(box.x, 0);
    ASSERT_GE(box.y, 0);
    ASSERT_LE(box.x + box.width, 500);
    ASSERT_LE(box.y + box.height, 375);
    const double ratio = static_cast<double>(box.width) / box.height;
    EXPECT_GT(ratio, 0.74);
    EXPECT_LT(ratio, 1.35);
    const double area = box.width * box.height / (500.0 * 375.0);
    EXPECT_GT(area, 0.078);
    area_sum += area;
  }
  // Not 0.54, the mean of 0.08 to 1, because the tries that do not fit are the large ones.
  EXPECT_NEAR(area_sum / kCount, 0.432, 0.01);
}

TEST(Crop, FallsBackToTheCentre) {
  Random random(5);
  const CropBox wide = random_resized_crop(20'000, 9, random, {0.9, 1.0});
  EXPECT_EQ(wide, (CropBox{9994, 0, 12, 9}));
  const CropBox tall = random_resized_crop(9, 20'000, random, {0.9, 1.0});
  EXPECT_EQ(tall, (CropBox{0, 9994, 9, 12}));
}

TEST(Crop, SmallestImages) {
  Random random(5);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(random_resized_crop(1, 1, random), (CropBox{0, 0, 1, 1}));
    const CropBox box = random_resized_crop(1, 7, random);
    EXPECT_EQ(box.width, 1);
    EXPECT_LE(box.y + box.height, 7);
    EXPECT_GE(box.height, 1);
  }
}

TEST(Crop, FlipsHalfOfTheTime) {
  Random random(5);
  int flips = 0;
  for (int i = 0; i < 10'000; ++i) {
    flips += random_flip(random) ? 1 : 0;
  }
  EXPECT_NEAR(flips, 5000, 200);
}

}  // namespace
}  // namespace datamon::pipeline::test
