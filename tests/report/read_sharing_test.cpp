#include "report/read_sharing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "reader_model.h"

namespace datamon::report {
namespace {

using testing::a_device_each;
using testing::latency_alone;
using testing::one_device;

TEST(ReadSharing, ReadersOfOneDeviceShareItsRate) {
  for (int workers : {2, 3, 4, 8}) {
    for (double compute_s : {1e-6, 0.5e-3}) {
      const ReadSharing sharing = read_sharing(one_device(workers, compute_s));
      EXPECT_LT(sharing.variance_ratio + 2 * sharing.error, 0.5) << workers << " " << compute_s;
    }
  }
}

TEST(ReadSharing, IndependentReadersGoTheirOwnWays) {
  for (int workers : {2, 3, 4, 8}) {
    for (double compute_s : {1e-6, 1e-3, 20e-3}) {
      for (const auto& reads :
           {a_device_each(workers, compute_s), latency_alone(workers, compute_s)}) {
        const ReadSharing sharing = read_sharing(reads);
        EXPECT_GT(sharing.variance_ratio - 2 * sharing.error, 0.5) << workers << " " << compute_s;
        EXPECT_NEAR(sharing.variance_ratio, 1, 0.4) << workers << " " << compute_s;
      }
    }
  }
}

TEST(ReadSharing, ReadersThatIdleTogetherAreNotTakenForSharing) {
  auto reads = a_device_each(4, 1e-3);
  // Every second stretch of 200 ms nobody reads: an epoch's end, a full queue.
  std::erase_if(reads, [](const TimedRead& read) { return std::fmod(read.start_s, 0.4) > 0.2; });
  const ReadSharing sharing = read_sharing(reads);
  EXPECT_GT(sharing.variance_ratio - 2 * sharing.error, 1);
}

TEST(ReadSharing, OneReaderOrFewReadsTellNothing) {
  EXPECT_TRUE(std::isnan(read_sharing(one_device(1, 1e-3)).variance_ratio));
  EXPECT_TRUE(std::isnan(read_sharing({}).variance_ratio));
  auto reads = one_device(4, 1e-3);
  reads.resize(100);
  EXPECT_TRUE(std::isnan(read_sharing(reads).variance_ratio));
}

TEST(ReadSharing, SurvivesNonsense) {
  auto reads = one_device(4, 1e-3);
  const ReadSharing sharing = read_sharing(reads);
  reads.push_back({1, 1, 10, 0});
  reads.push_back({3, std::nan(""), 10, 1});
  reads.push_back({-INFINITY, INFINITY, 10, 2});
  EXPECT_EQ(read_sharing(reads).variance_ratio, sharing.variance_ratio);
  reads.push_back({1e300, 1.1e300, 1e308, 3});
  reads.push_back({-1e300, -0.9e300, -5, 3});
  read_sharing(reads);  // no crash, no endless loop
  std::reverse(reads.begin(), reads.end());
  read_sharing(reads);
}

}  // namespace
}  // namespace datamon::report
