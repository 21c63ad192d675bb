// The union of very many time intervals in bounded memory: when more disjoint
// ones are left than fit, the shortest gaps are closed, and how much time those
// were is kept with the interval that holds them. Nanoseconds.
//
// Not thread-safe. Intervals may come in any order; what falls on gaps that were
// closed before counts by their share, so the sum is exact for those in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace datamon::report {

struct TimeSpan_ns {
  std::int64_t from = 0, to = 0;
};
using TimeSpans = std::vector<TimeSpan_ns>;  // sorted, disjoint, none empty

class IntervalSet {
 public:
  explicit IntervalSet(std::size_t most = 64 * 1024) : most_(most) {}

  void add(std::int64_t from, std::int64_t to);

  // All that was added, sorted and disjoint, with the closed gaps.
  TimeSpans spans();
  // Gaps up to this long may have been closed ...
  std::int64_t longest_closed_ns() const { return closed_; }
  // ... and so much of `window` (sorted, disjoint) is such gaps.
  double closed_s(const TimeSpans& window);

 private:
  struct Kept {
    std::int64_t from, to;
    std::int64_t closed;  // time of the closed gaps inside
  };

  void settle(std::size_t most);
  void join();

  std::size_t most_;
  std::vector<Kept> kept_;
  std::size_t sorted_ = 0;  // so many are sorted and disjoint
  std::int64_t closed_ = 0;
};

// Set algebra; all arguments and results are sorted and disjoint.
TimeSpans intersection(const TimeSpans& a, const TimeSpans& b);
TimeSpans difference(const TimeSpans& a, const TimeSpans& b);
double total_s(const TimeSpans& spans);
// How much of [from, to) the spans cover.
std::int64_t covered_ns(const TimeSpans& spans, std::int64_t from, std::int64_t to);

}  // namespace datamon::report
