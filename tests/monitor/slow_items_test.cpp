// What the slowest items spent their time on.
#include "monitor/slow_items.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <vector>

#include "datamon/monitor.h"

namespace datamon::test {
namespace {

using format::SlowPart;
using format::SpanRecord;

SpanRecord span(std::uint16_t stage, std::uint64_t start, std::uint64_t duration,
                std::uint8_t depth) {
  SpanRecord out{};
  out.start = start;
  out.duration = duration;
  out.stage = stage;
  out.depth = depth;
  return out;
}

// A slow read, then `transforms` of 10 ticks each inside of one.
std::map<std::uint16_t, std::uint64_t> parts_with(int transforms) {
  std::vector<SpanRecord> before = {span(DATAMON_READ, 1'000, 900, 1)};
  for (int i = 0; i < transforms; ++i)
    before.push_back(span(static_cast<std::uint16_t>(100 + i),
                          2'000 + 10 * static_cast<std::uint64_t>(i), 10, 2));
  before.push_back(span(DATAMON_TRANSFORM, 2'000, 1'000, 1));
  SlowPart parts[6];
  const std::uint32_t count =
      monitor::split_parts(span(DATAMON_FETCH, 1'000, 2'000, 0), before, parts);
  EXPECT_LE(count, 6u);
  EXPECT_EQ(parts[0].stage, DATAMON_FETCH);
  std::map<std::uint16_t, std::uint64_t> out;
  for (std::uint32_t i = 0; i < count; ++i) out[parts[i].stage] = parts[i].self_ticks;
  EXPECT_EQ(std::accumulate(out.begin(), out.end(), std::uint64_t{0},
                            [](std::uint64_t sum, const auto& part) { return sum + part.second; }),
            2'000u);
  return out;
}

TEST(SlowItems, PartsAreSelfTimes) {
  const auto parts = parts_with(2);
  EXPECT_EQ(parts, (std::map<std::uint16_t, std::uint64_t>{{DATAMON_FETCH, 100},
                                                           {DATAMON_READ, 900},
                                                           {DATAMON_TRANSFORM, 980},
                                                           {100, 10},
                                                           {101, 10}}));
}

// The longest are kept: none takes the time of another one.
TEST(SlowItems, MoreStagesThanPlaces) {
  for (const int transforms : {4, 5, 25}) {
    const auto parts = parts_with(transforms);
    ASSERT_EQ(parts.size(), 6u) << transforms;
    EXPECT_EQ(parts.at(DATAMON_READ), 900u) << transforms;
  }
  for (const auto& [stage, ticks] : parts_with(60))  // more than are told apart
    EXPECT_EQ(ticks, stage >= 100 ? 10u : ticks);
}

}  // namespace
}  // namespace datamon::test
