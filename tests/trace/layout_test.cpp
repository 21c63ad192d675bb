// Slices nest or are disjoint to the nanosecond, whatever the ticks were.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "report/trace_layout.h"
#include "report/trace_timeline.h"

namespace datamon::report {
namespace {

struct Tick {
  std::uint64_t start, end;
  int depth;
};

// A random tree of spans in ticks, in the order of their ends, as a track keeps them.
class RandomTree {
 public:
  RandomTree(std::mt19937_64& random, std::uint64_t most_ticks)
      : random_(random), most_ticks_(most_ticks) {}
  std::vector<Tick> make(int roots) {
    for (int i = 0; i < roots; ++i) {
      grow(0);
      now_ += random_() % most_ticks_;
    }
    return spans_;
  }

 private:
  void grow(int depth) {
    const std::uint64_t start = now_;
    const auto children = depth < 6 ? random_() % 4 : 0;
    for (std::uint64_t i = 0; i < children; ++i) {
      now_ += random_() % 3 == 0 ? 0 : random_() % most_ticks_;  // many begin where others end
      grow(depth + 1);
    }
    now_ += random_() % most_ticks_;
    spans_.push_back({start, now_, depth});
  }
  std::mt19937_64& random_;
  std::uint64_t most_ticks_, now_ = 1'000'000;
  std::vector<Tick> spans_;
};

struct Placed {
  Slice at;
  bool arrow;
};

// Checks the written order as a viewer sees it: sorted by start, the file's order for equal ones.
void expect_nested(std::vector<Placed> slices) {
  std::stable_sort(slices.begin(), slices.end(),
                   [](const Placed& a, const Placed& b) { return a.at.start < b.at.start; });
  std::vector<Placed> open;
  std::int64_t last_root_end = -1;
  std::vector<std::int64_t> last_child_end;
  for (const Placed& slice : slices) {
    ASSERT_GT(slice.at.end, slice.at.start);
    while (!open.empty() && open.back().at.end <= slice.at.start) {
      open.pop_back();
      last_child_end.pop_back();
    }
    std::int64_t& before = open.empty() ? last_root_end : last_child_end.back();
    ASSERT_GT(slice.at.start, before) << "siblings touch";
    before = slice.at.end;
    if (!open.empty()) {
      ASSERT_LE(slice.at.end, open.back().at.end) << "overhangs";
      ASSERT_TRUE(!open.back().arrow || slice.at.start > open.back().at.start);
    }
    open.push_back(slice);
    last_child_end.push_back(-1);
  }
}

TEST(TraceLayout, RandomTreesNestAtAnyTickRate) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 300; ++round) {
    const double ticks_per_ns = std::exp2(static_cast<double>(random() % 60) / 10.0 - 1);
    const std::uint64_t most = 1 + random() % (round % 2 == 0 ? 8 : 5000);
    std::vector<Tick> spans = RandomTree(random, most).make(40);
    const TickMap map(1'000'000, static_cast<std::int64_t>(random() % 1000), 1 / ticks_per_ns);
    TraceLayout layout;
    std::vector<Placed> placed;
    for (auto span = spans.rbegin(); span != spans.rend(); ++span) {
      const bool arrow = random() % 8 == 0;
      const std::int64_t start = map.ns(span->start), end = map.ns(span->end);
      const auto at = layout.place(start, end, span->depth, arrow);
      if (!at) continue;
      placed.push_back({*at, arrow});
      // Nothing is moved far: by a nanosecond for each slice that had to make room.
      if (most > 1000 && end - start > 50) {
        EXPECT_LE(std::abs(at->start - start), 16);
        EXPECT_LE(std::abs(at->end - end), 16);
      }
    }
    expect_nested(placed);
    if (most > 1000 && ticks_per_ns < 4) {
      EXPECT_GT(placed.size() * 10, spans.size() * 9);
    }
    if (HasFatalFailure()) return;
  }
}

TEST(TraceLayout, NestsWhateverDamageClaims) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 300; ++round) {
    TraceLayout layout;
    std::vector<Placed> placed;
    for (int i = 0; i < 200; ++i) {
      const auto start = static_cast<std::int64_t>(random() % 1000);
      const auto end = start + static_cast<std::int64_t>(random() % 300);
      const int depth = static_cast<int>(random() % 7) - 1;  // -1: unknown
      const bool arrow = random() % 4 == 0;
      if (const auto at = layout.place(start, end, depth, arrow)) placed.push_back({*at, arrow});
    }
    expect_nested(placed);
    if (HasFatalFailure()) return;
  }
}

TEST(TraceLayout, CleanSpansAreUntouched) {
  TraceLayout layout;
  const auto parent = layout.place(100, 200, 0, false);
  const auto late = layout.place(160, 190, 1, false);
  const auto early = layout.place(100, 150, 1, false);
  EXPECT_EQ(parent->start, 100);
  EXPECT_EQ(parent->end, 200);
  EXPECT_EQ(late->start, 160);
  EXPECT_EQ(late->end, 190);
  EXPECT_EQ(early->start, 100);
  EXPECT_EQ(early->end, 150);
}

TEST(TraceLayout, TouchingSiblingsGetANanosecond) {
  TraceLayout layout;
  layout.place(100, 200, 0, false);
  layout.place(150, 200, 1, false);
  EXPECT_EQ(layout.place(100, 150, 1, false)->end, 149);
}

}  // namespace
}  // namespace datamon::report
