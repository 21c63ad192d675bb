// Reads one thread's stored spans backwards, last first, together with its
// slowest items, some of which outlived their spans in the ring.
//
// A device's spans are stored in the order in which CUPTI said what they belong to,
// which is nearly that of their ends: a bounded number is looked at ahead and the
// latest taken.
//
// Holds no spans: positions in the mapped blocks. Used by one thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "report/recording.h"
#include "report/trace_timeline.h"

namespace datamon::report {

struct TraceSpan {
  std::int64_t start = 0, end = 0;  // ns on the axis, from 0
  std::uint64_t id = format::kNoId;
  std::uint64_t bytes = 0;
  std::uint16_t stage = 0;
  std::uint8_t flags = 0;
  int depth = 0;                             // -1: of a slow item whose span is gone
  const format::SlowRecord* slow = nullptr;  // the span is one of the slowest items
};

class TraceReader {
 public:
  // A device works off less in the half second that its spans may be late.
  static constexpr std::size_t kMostAhead = 65536;

  // `ahead`: how many spans may stand before one that ended later; at most kMostAhead.
  TraceReader(const Track& track, const ProcessTime& time, std::size_t ahead = 0)
      : track_(&track), time_(&time), most_ahead_(ahead), block_(track.spans.size()) {
    for (const format::SlowRecord* slow : track.slow)
      if (plausible(slow->start, slow->duration)) slow_.push_back(slow);
    std::sort(slow_.begin(), slow_.end(), [](const auto* a, const auto* b) {
      const std::uint64_t a_end = a->start + a->duration, b_end = b->start + b->duration;
      return a_end != b_end ? a_end < b_end : a->start > b->start;  // the last ones are taken first
    });
    next();
  }

  bool done() const { return done_; }
  const TraceSpan& span() const { return span_; }
  std::uint64_t damaged() const { return damaged_; }

  void next() {
    if (!fetched_) fetch();
    if (!slow_.empty() && (!fetched_ || slow_end() > fetched_end())) return take_slow();
    if (!fetched_) {
      done_ = true;
      return;
    }
    take_span();
  }

 private:
  bool plausible(std::uint64_t start, std::uint64_t duration) const {
    const std::uint64_t end = start + duration;
    return end >= start && end <= time_->last_plausible_ticks && time_->map.ns(end) >= 0;
  }
  std::uint64_t slow_end() const { return slow_.back()->start + slow_.back()->duration; }
  std::uint64_t fetched_end() const { return fetched_->start + fetched_->duration; }

  // The next stored span with possible times, of those looked at the one that ends last.
  void fetch() {
    if (most_ahead_ == 0) {
      fetched_ = step_back();
      return;
    }
    const auto sooner = [](const format::SpanRecord* a, const format::SpanRecord* b) {
      const std::uint64_t a_end = a->start + a->duration, b_end = b->start + b->duration;
      return a_end != b_end ? a_end < b_end : a->start > b->start;
    };
    while (ahead_.size() < most_ahead_) {
      const format::SpanRecord* record = step_back();
      if (record == nullptr) break;
      ahead_.push_back(record);
      std::push_heap(ahead_.begin(), ahead_.end(), sooner);
    }
    if (ahead_.empty()) return;
    std::pop_heap(ahead_.begin(), ahead_.end(), sooner);
    fetched_ = ahead_.back();
    ahead_.pop_back();
  }

  // nullptr: there are no more.
  const format::SpanRecord* step_back() {
    while (true) {
      while (left_ == 0) {
        if (block_ == 0) return nullptr;
        left_ = track_->spans[--block_].size();
      }
      const format::SpanRecord& record = track_->spans[block_][--left_];
      if (plausible(record.start, record.duration)) return &record;
      ++damaged_;
    }
  }

  void set_times(std::uint64_t start, std::uint64_t end) {
    span_.start = std::max<std::int64_t>(time_->map.ns(start), 0);
    span_.end = time_->map.ns(end);
  }

  void take_span() {
    const format::SpanRecord& record = *fetched_;
    set_times(record.start, fetched_end());
    span_.id = record.id;
    span_.bytes = record.bytes;
    span_.stage = record.stage;
    span_.flags = record.flags;
    span_.depth = record.depth;
    span_.slow = nullptr;
    if (!slow_.empty() && slow_end() == fetched_end() && slow_.back()->start == record.start &&
        slow_.back()->stage == record.stage) {
      span_.slow = slow_.back();
      span_.bytes = slow_.back()->bytes;
      slow_.pop_back();
    }
    fetched_ = nullptr;
  }

  void take_slow() {
    const format::SlowRecord& slow = *slow_.back();
    set_times(slow.start, slow_end());
    span_.id = slow.id;
    span_.bytes = slow.bytes;
    span_.stage = slow.stage;
    span_.flags = 0;
    span_.depth = -1;
    span_.slow = &slow;
    slow_.pop_back();
  }

  const Track* track_;
  const ProcessTime* time_;
  std::size_t most_ahead_;
  std::vector<const format::SpanRecord*> ahead_;  // a heap, the last to end on top
  std::size_t block_, left_ = 0;  // the blocks before block_ are unread, and left_ spans of it
  const format::SpanRecord* fetched_ = nullptr;
  std::vector<const format::SlowRecord*> slow_;  // next one last
  TraceSpan span_;
  std::uint64_t damaged_ = 0;
  bool done_ = false;
};

}  // namespace datamon::report
