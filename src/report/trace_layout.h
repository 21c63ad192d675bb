// Makes the slices of one thread nest or be disjoint, to the nanosecond.
//
// Spans arrive last first (a track keeps them in the order of their ends, read
// backwards here), so each enclosing span comes before what it encloses. Ticks
// were truncated to nanoseconds; where that, or damage, makes two slices
// overlap, the later-seen one is cut:
//   - inside its parent: parent.start <= start < end <= parent.end;
//   - 1 ns between siblings, taken from the earlier one's end;
//   - at least 1 ns long. One for which no nanosecond is free is left out, and so
//     is one inside more slices than anything nests.
//
// Constant memory: the stack of open ancestors. Used by one thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace datamon::report {

struct Slice {
  std::int64_t start = 0, end = 0;  // ns; end > start
};

class TraceLayout {
 public:
  static constexpr int kUnknownDepth = -1;  // nested where its time says so

  TraceLayout() { frames_.push_back({{0, kForever}, 0, kForever, kUnknownDepth, 0}); }

  // Where the span [start, end] of nesting depth `depth` may be drawn; nullopt
  // if there is no room. `arrow`: nested slices will not start with it, so that
  // an arrow at its start is this slice's.
  std::optional<Slice> place(std::int64_t start, std::int64_t end, int depth, bool arrow) {
    while (frames_.size() > 1 && !encloses(frames_.back(), start, depth)) frames_.pop_back();
    if (frames_.size() > kMostNested) return std::nullopt;
    Frame& parent = frames_.back();
    const std::int64_t lowest = parent.slice.start + parent.head;
    Slice slice{std::max(start, lowest), std::min(end, parent.free_until)};
    if (slice.end <= slice.start) {
      slice.start = std::min(slice.start, parent.free_until - 1);
      slice.end = slice.start + 1;
      if (slice.start < lowest) return std::nullopt;
    }
    parent.free_until = slice.start - 1;
    if (depth == kUnknownDepth) depth = parent.depth + 1;
    frames_.push_back({slice, start, slice.end, depth, arrow ? 1 : 0});
    return slice;
  }

 private:
  static constexpr std::size_t kMostNested = 256;  // depths of spans are one byte
  static constexpr std::int64_t kForever = std::numeric_limits<std::int64_t>::max() - 2;
  struct Frame {
    Slice slice;
    std::int64_t start;       // as it came, before any cut
    std::int64_t free_until;  // the next (earlier) child must end by then
    int depth;
    int head;  // ns at the start in which no child may begin
  };

  static bool encloses(const Frame& frame, std::int64_t start, int depth) {
    return frame.start <= start && (depth == kUnknownDepth || frame.depth < depth);
  }

  std::vector<Frame> frames_;
};

}  // namespace datamon::report
