// The schedule that all processes of a job work out by themselves.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "format/probe_format.h"

namespace datamon::test {
namespace {

using format::ProbeHeader;

ProbeHeader header_of(std::uint32_t classes, std::uint64_t seed) {
  ProbeHeader header{};
  header.seed = seed;
  header.class_count = classes;
  for (std::uint32_t i = 0; i < classes; ++i) header.classes[i] = static_cast<std::uint16_t>(i + 2);
  return header;
}

std::vector<std::uint16_t> delayed(const ProbeHeader& header, std::uint64_t turns) {
  std::vector<std::uint16_t> out;
  for (std::uint64_t window = 0; out.size() < turns; ++window)
    if (window % 3 != 0) out.push_back(format::probe_class_in(header, window));
  return out;
}

TEST(ProbeSchedule, EachDelayedWindowHasAnUndelayedNeighbour) {
  const ProbeHeader header = header_of(5, 17);
  for (std::uint64_t window = 0; window < 300; ++window)
    EXPECT_EQ(format::probe_class_in(header, window) == 0, window % 3 == 0) << window;
}

TEST(ProbeSchedule, EachRoundHasEachClassOnce) {
  for (std::uint32_t classes = 1; classes <= format::kMostProbeClasses; ++classes) {
    const ProbeHeader header = header_of(classes, 99 + classes);
    const auto turns = delayed(header, classes * 40);
    for (std::size_t round = 0; round < 40; ++round) {
      const auto from = turns.begin() + static_cast<std::ptrdiff_t>(round * classes);
      const std::set<std::uint16_t> in_round(from, from + classes);
      EXPECT_EQ(in_round.size(), classes);
      EXPECT_EQ(*in_round.begin(), 2);
      EXPECT_EQ(*in_round.rbegin(), classes + 1);
    }
  }
}

// No class is tried at the same place of the rounds always: a period of the job would
// be taken for its effect.
TEST(ProbeSchedule, TheOrderIsRandom) {
  const std::uint32_t classes = 6;
  const auto turns = delayed(header_of(classes, 3), classes * 600);
  for (std::uint16_t stage_class = 2; stage_class < classes + 2; ++stage_class)
    for (std::size_t place = 0; place < classes; ++place) {
      int count = 0;
      for (std::size_t round = 0; round < 600; ++round)
        count += turns[round * classes + place] == stage_class;
      EXPECT_GT(count, 60) << stage_class << " at " << place;
      EXPECT_LT(count, 140) << stage_class << " at " << place;
    }
  EXPECT_NE(turns, delayed(header_of(classes, 4), classes * 600));
  EXPECT_EQ(turns, delayed(header_of(classes, 3), classes * 600));
}

TEST(ProbeSchedule, WithoutClassesNothingIsDelayed) {
  for (std::uint64_t window = 0; window < 10; ++window)
    EXPECT_EQ(format::probe_class_in(header_of(0, 1), window), 0);
}

TEST(ProbeSchedule, EndsAtTheLimitOrWhenItIsStopped) {
  ProbeHeader header = header_of(3, 1);
  header.start_ns = 1000;
  header.window_ns = 10;
  header.limit_ns = 500;
  EXPECT_EQ(format::probe_end_ns(header), 1500u);
  header.stop_ns = 1200;
  EXPECT_EQ(format::probe_end_ns(header), 1200u);
  header.stop_ns = 0;
  header.limit_ns = 1'000'000;
  EXPECT_EQ(format::probe_end_ns(header), 1000u + 10u * format::kProbeWindows);
}

}  // namespace
}  // namespace datamon::test
