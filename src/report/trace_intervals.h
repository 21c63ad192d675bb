// How many intervals of one kind are open at each moment, as a counter:
// batches between send and receive are "batches ready".
//
// Intervals are seen last first, so the count is swept backwards in time: it
// rises at an interval's end and falls at its start. What is kept is the
// starts of the open ones, a bounded number. Used by one thread.
#pragma once

#include <cstdint>
#include <queue>
#include <string>

#include "report/trace_events.h"

namespace datamon::report {

class IntervalCounter {
 public:
  IntervalCounter(std::uint64_t pid, std::string name) : pid_(pid), name_(std::move(name)) {}

  // [start, end) in ns; intervals come in falling order of `end`, more or less.
  void add(std::int64_t start, std::int64_t end, TraceEvents& events) {
    if (end <= start) return;
    sweep_to(end, events);
    emit(end, events);
    if (starts_.size() < kMostOpen) starts_.push(start);
  }

  // All intervals were added; before them the count is 0, from `begin` on.
  void finish(std::int64_t begin, TraceEvents& events) {
    sweep_to(-1, events);
    emit(begin, events);
  }

 private:
  static constexpr std::size_t kMostOpen = 65536;

  void sweep_to(std::int64_t ns, TraceEvents& events) {
    while (!starts_.empty() && starts_.top() >= ns) {
      emit(starts_.top(), events);
      starts_.pop();
    }
  }

  // The count from `ns` on. Of several changes in one nanosecond the last one
  // holds, which is the first one seen.
  void emit(std::int64_t ns, TraceEvents& events) {
    if (ns == last_ns_) return;
    last_ns_ = ns;
    const CounterSeries series{"count", static_cast<double>(starts_.size())};
    events.counter(pid_, name_, ns, {&series, 1});
  }

  std::uint64_t pid_;
  std::string name_;
  std::int64_t last_ns_ = -1;
  std::priority_queue<std::int64_t> starts_;
};

}  // namespace datamon::report
