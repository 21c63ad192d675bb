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

inline constexpr int kAnyDepth = 255;

// [begin, end] in ns since the recording began.
struct TimeWindow {
  std::int64_t begin = 0, end = kLastTraceNs;
  int deepest = kAnyDepth;  // slices nested deeper are not shown
  bool touches(std::int64_t start, std::int64_t stop) const {
    return start <= end && stop >= begin;
  }
};

struct TraceSelection {
  std::vector<TimeWindow> windows{TimeWindow{}};  // in order, disjoint, at least one
  // Shown with what they enclose, wherever they are. By address.
  std::vector<const format::SlowRecord*> slow;
  TimeWindow counters;  // counters cost little and are kept for longer
  std::vector<std::string> statements;
  std::vector<std::string> window_words;  // as windows, for default_statements(); else empty

  // The first window that shows a slice, or windows.size().
  std::size_t window_of(std::int64_t start, std::int64_t stop, int depth) const {
    std::size_t i = 0;
    while (i < windows.size() && (!windows[i].touches(start, stop) || depth > windows[i].deepest))
      ++i;
    return i;
  }
};

// Throws TraceSelectionError when nothing of what was asked for was kept.
TraceSelection select_spans(const Recording& recording, const TraceTimeline& timeline,
                            const TraceIdentity& identity, const TraceOptions& options);

// Slices that were written, by what selected them.
struct SelectedCounts {
  std::vector<std::uint64_t> in_window;  // as TraceSelection::windows
  std::uint64_t slow = 0;                // slow items and their insides elsewhere
  std::uint64_t left_out = 0;
};

// Spans that were not kept one by one, of all threads together.
struct LostSpans {
  std::int64_t from = kLastTraceNs, to = 0;  // ns; some of them lay in there
  std::uint64_t spans = 0;
  std::size_t threads = 0;
};
LostSpans find_lost(const TraceTimeline& timeline, const TraceIdentity& identity);

// Where the recording kept no single spans (the ring went round), in words;
// empty if it kept all.
std::vector<std::string> gap_statements(const TraceTimeline& timeline,
                                        const TraceIdentity& identity);

}  // namespace datamon::report
