#include "report/read_overlap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "reader_model.h"

namespace datamon::report {
namespace {

using testing::a_device_each;
using testing::latency_alone;
using testing::one_device;

void expect_queue(const ReadOverlap& overlap, int workers) {
  EXPECT_GT(overlap.growth - 2 * overlap.growth_error, 0.5) << workers;
  EXPECT_GT(overlap.active_share, 0.85) << workers;
  EXPECT_GT(overlap.at_once, 1.3) << workers;
}

TEST(ReadOverlap, ReadersOfOneDeviceWaitForEachOther) {
  for (int workers : {2, 3, 4, 8}) expect_queue(read_overlap(one_device(workers, 1e-3)), workers);
}

// All readers queue all the time: that others' files are larger still shows.
TEST(ReadOverlap, ReadersThatDoNothingElse) {
  for (int workers : {2, 3, 4, 8}) expect_queue(read_overlap(one_device(workers, 1e-6)), workers);
}

TEST(ReadOverlap, SizesThatNobodyRecorded) {
  for (int workers : {3, 4, 8}) {
    auto reads = one_device(workers, 1e-3);
    for (TimedRead& read : reads) read.bytes = 0;
    expect_queue(read_overlap(reads), workers);
  }
}

TEST(ReadOverlap, ReadersThatDoNotMeet) {
  for (int workers : {2, 3, 4, 8}) {
    for (double compute_s : {1e-6, 1e-3, 20e-3}) {
      for (const auto& reads :
           {a_device_each(workers, compute_s), latency_alone(workers, compute_s)}) {
        const ReadOverlap overlap = read_overlap(reads);
        EXPECT_LT(overlap.growth + 2 * overlap.growth_error, 0.5) << workers << " " << compute_s;
        EXPECT_NEAR(overlap.growth, 0, 0.15) << workers << " " << compute_s;
      }
    }
  }
}

TEST(ReadOverlap, MostlyIdleDeviceIsNotActive) {
  EXPECT_LT(read_overlap(one_device(2, 50e-3)).active_share, 0.2);
}

TEST(ReadOverlap, OneReaderTellsNothing) {
  const ReadOverlap overlap = read_overlap(one_device(1, 1e-3));
  EXPECT_TRUE(std::isnan(overlap.growth));
  EXPECT_EQ(overlap.at_once, 1);
}

TEST(ReadOverlap, FewReadsTellNothing) {
  auto reads = one_device(4, 1e-3);
  reads.resize(100);
  EXPECT_TRUE(std::isnan(read_overlap(reads).growth));
  EXPECT_EQ(read_overlap({}).reads, 0u);
}

TEST(ReadOverlap, LeavesOutReadsWithoutTime) {
  auto reads = one_device(4, 1e-3);
  const ReadOverlap overlap = read_overlap(reads);
  reads.push_back({1, 1});
  reads.push_back({2, 1});
  reads.push_back({3, std::nan("")});
  reads.push_back({-INFINITY, INFINITY});
  EXPECT_EQ(read_overlap(reads).reads, overlap.reads);
  EXPECT_EQ(read_overlap(reads).growth, overlap.growth);
}

TEST(ReadOverlap, OrderDoesNotMatter) {
  auto reads = one_device(4, 1e-3);
  const ReadOverlap overlap = read_overlap(reads);
  std::reverse(reads.begin(), reads.end());
  EXPECT_EQ(read_overlap(reads).growth, overlap.growth);
}

}  // namespace
}  // namespace datamon::report
