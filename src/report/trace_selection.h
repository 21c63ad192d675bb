// Which part of a recording goes into a trace, and the words for what does not.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "report/recording.h"
#include "report/trace.h"
#include "report/trace_identity.h"
#include "report/trace_timeline.h"

namespace datamon::report {

// [begin, end] in ns since the recording began.
struct TimeWindow {
  std::int64_t begin = 0, end = kLastTraceNs;
  bool touches(std::int64_t start, std::int64_t stop) const {
    return start <= end && stop >= begin;
  }
};

struct TraceSelection {
  std::vector<TimeWindow> windows{TimeWindow{}};  // in order, disjoint, at least one
  std::uint64_t slow_slices = 0;  // room for slowest items and their insides elsewhere
  TimeWindow counters;            // counters cost little and are kept for longer
  std::vector<std::string> statements;

  bool touches(std::int64_t start, std::int64_t stop) const {
    for (const TimeWindow& window : windows)
      if (window.touches(start, stop)) return true;
    return false;
  }
};

// Throws TraceSelectionError when nothing of what was asked for was kept.
TraceSelection select_spans(const Recording& recording, const Timeline& timeline,
                            const TraceIdentity& identity, const TraceOptions& options);

// Where the recording kept no single spans (the ring went round), in words;
// empty if it kept all.
std::vector<std::string> gap_statements(const Timeline& timeline, const TraceIdentity& identity);

}  // namespace datamon::report
