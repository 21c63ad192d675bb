// How many slices end in each of many equal parts of a recording: what fits
// into a trace can be chosen by time. Constant memory.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "report/trace_identity.h"
#include "report/trace_timeline.h"

namespace datamon::report {

class TraceDensity {
 public:
  TraceDensity(const TraceTimeline& timeline, const TraceIdentity& identity);

  // Of slices that end in [begin, end] ns, to whole parts.
  std::uint64_t count(std::int64_t begin, std::int64_t end) const {
    std::uint64_t sum = 0;
    for (std::size_t part = part_of(begin); part <= part_of(end); ++part) sum += counts_[part];
    return sum;
  }
  std::size_t part_of(std::int64_t ns) const {
    if (ns <= 0) return 0;
    return std::min(static_cast<std::size_t>(ns / part_ns_), counts_.size() - 1);
  }
  std::uint64_t count_of(std::size_t part) const { return counts_[part]; }
  std::int64_t begin_of(std::size_t part) const {
    return static_cast<std::int64_t>(part) * part_ns_;
  }
  std::int64_t last_ns() const { return last_ns_; }  // when the last kept span ends

 private:
  std::int64_t last_ns_ = 0;
  std::int64_t part_ns_ = 1;
  std::vector<std::uint64_t> counts_;
};

}  // namespace datamon::report
