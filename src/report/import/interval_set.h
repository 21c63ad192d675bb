// The union of very many time intervals in bounded memory: when more disjoint
// ones are left than fit, the shortest gaps are closed, and how long such a gap
// was at most is known. Nanoseconds.
//
// Not thread-safe. Intervals may come in any order.
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
  explicit IntervalSet(std::size_t most = 128 * 1024) : most_(most) {}

  void add(std::int64_t from, std::int64_t to);

  // All that was added, sorted and disjoint; valid until the next add().
  const TimeSpans& spans();
  // Gaps up to this long may have been closed.
  std::int64_t longest_closed_ns() const { return closed_; }
  bool empty() const { return spans_.empty(); }

 private:
  void settle(std::size_t most);

  std::size_t most_;
  TimeSpans spans_;
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
