#include "report/timeline.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

namespace datamon::report {
namespace {

// A file that attached at this moment; a nanosecond is a tick.
ProcessFile attached(std::uint64_t monotonic_ns, std::uint64_t realtime_ns) {
  ProcessFile process;
  process.header.first_pair.ticks = monotonic_ns;
  process.header.first_pair.monotonic_ns = monotonic_ns;
  process.header.first_pair.realtime_ns = realtime_ns;
  process.clock = Clock(process.header.first_pair, process.header.first_pair, 1'000'000'000);
  return process;
}

TEST(Timeline, BeginsWithTheEarliestFile) {
  const Timeline timeline({attached(5'000'000'000, 100'000'000'000), attached(2'000'000'000, 0)});
  EXPECT_EQ(timeline.axis(0).at(5'000'000'000), 3.0);
  EXPECT_EQ(timeline.axis(1).at(2'000'000'000), 0.0);
  EXPECT_EQ(timeline.zero_realtime_ns(), 97'000'000'000);
}

// A damaged file may hold any time of day, and its first file need not be the earliest.
TEST(Timeline, TimeOfDayOutOfRangeWraps) {
  constexpr std::uint64_t kLowest = std::uint64_t{1} << 63;
  const Timeline timeline({attached(5'000'000'000, kLowest), attached(2'000'000'000, 0)});
  EXPECT_EQ(timeline.zero_realtime_ns(),
            std::numeric_limits<std::int64_t>::max() - 3'000'000'000 + 1);
}

TEST(Clock, ReadingBeforeAnOriginOutOfRangeWraps) {
  format::ClockPair origin;
  origin.ticks = 2'000'000'000'000'000'000;
  origin.realtime_ns = std::uint64_t{1} << 63;
  const Clock clock(origin, origin, 1'000'000'000);
  EXPECT_EQ(clock.realtime_ns(1'000'000'000'000'000'000),
            static_cast<std::int64_t>((std::uint64_t{1} << 63) - 1'000'000'000'000'000'000));
}

}  // namespace
}  // namespace datamon::report
