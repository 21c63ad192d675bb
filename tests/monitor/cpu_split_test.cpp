// The three-way split of a thread's spans, without a recording.
#include "monitor/cpu_split.h"

#include <gtest/gtest.h>

#include <memory>

#include "monitor/clock.h"

namespace datamon::test {
namespace {

using monitor::CpuSplit;
using monitor::SpanSplit;

// Zeroed, as arena memory is.
std::unique_ptr<CpuSplit> started() {
  auto split = std::unique_ptr<CpuSplit>(new CpuSplit());
  split->start(monitor::probe_split(5000), monitor::clock_now(), 1);
  return split;
}

TEST(CpuSplitUnits, ReadingsOfAUnitThatIsBrokenOffBelongToNobody) {
  const auto split = started();
  split->begin_unit(0);
  split->boundary(0);  // an inner span begins: the outer one has readings
  split->boundary(1);  // and ends
  SpanSplit inner, outer;
  ASSERT_TRUE(split->take(1, inner));
  split->end_unit();  // broken off, while the outer span is open
  EXPECT_FALSE(split->take(0, outer));
  split->stop();
}

TEST(CpuSplitUnits, ReadingsOfAWholeUnitAreItsSpans) {
  const auto split = started();
  split->begin_unit(0);
  split->boundary(0);
  SpanSplit whole;
  EXPECT_TRUE(split->take(0, whole));
  EXPECT_GT(whole.wall_ns, 0u);
  EXPECT_LE(whole.cpu_ns, whole.wall_ns);
  split->end_unit();
  split->stop();
}

// What a thread did not spend while it idled is not spent all at once afterwards.
TEST(CpuSplitUnits, IdleTimeIsCreditForTenSecondsOnly) {
  const auto split = started();
  const std::uint64_t hour = 3600 * monitor::ticks_per_second();
  std::uint64_t now = monitor::clock_now() + hour;
  const std::uint64_t before = split->spent_ticks();
  const double budget = 5000e-6 * 0.5;  // half of it goes into readings
  const double credit = budget * 10 * static_cast<double>(monitor::ticks_per_second());
  for (int unit = 0; unit < 2'000'000 && split->next_skip(now) == 0; ++unit) {
    split->begin_unit(0);
    split->end_unit();
    if (static_cast<double>(split->spent_ticks() - before) > 2 * credit) break;
  }
  EXPECT_LE(static_cast<double>(split->spent_ticks() - before), 2 * credit);
  EXPECT_GE(static_cast<double>(split->spent_ticks() - before), credit / 2);
  split->stop();
}

}  // namespace
}  // namespace datamon::test
