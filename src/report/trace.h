// A recording as Chrome trace JSON, for Perfetto, DevTools and their kind. What
// is in it, and which rules of which viewers it keeps: docs/chrome-trace.md.
//
// The export's memory does not depend on the recording's size: spans are read
// where the Recording holds them and written as they are read. Damage in a recording costs only
// what it hides; the result is a valid trace whatever the recording holds.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "report/recording.h"
#include "report/trace_sink.h"

namespace datamon::report {

// Consumer steps, counted from 0: [first, last).
struct StepRange {
  std::uint64_t first = 0;
  std::uint64_t last = UINT64_MAX;
};

// With none of these set: everything if that is at most about `most_slices`;
// otherwise the start-up, whole steps of the steady work and the slowest items.
struct TraceOptions {
  bool all = false;
  std::optional<double> from_s, to_s;  // since the recording began
  std::optional<StepRange> steps;      // not together with from_s, to_s
  // Viewers need about 400 bytes of memory a slice; beyond some million they give up.
  std::uint64_t most_slices = 1'000'000;
};

struct TraceSummary {
  std::uint64_t slices = 0, arrows = 0, counters = 0;  // written
  std::uint64_t left_out = 0;                          // slices outside of what was selected
  std::uint64_t squeezed = 0;  // too short to be drawn between their neighbours
  std::uint64_t damaged = 0;   // spans with impossible times
  std::uint64_t bytes = 0;     // before compression
  // What is missing and how to get it, a sentence each. Also in the file.
  std::vector<std::string> statements;
};

// The selection names something that the recording does not hold.
class TraceSelectionError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Writes the trace and commits the sink. Throws TraceOutputError and
// TraceSelectionError.
TraceSummary write_trace(const Recording& recording, const TraceOptions& options, TraceSink& sink);

}  // namespace datamon::report
