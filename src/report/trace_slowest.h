// The slowest items that fit into a trace besides what is shown anyway.
#pragma once

#include <cstdint>
#include <vector>

#include "report/trace_identity.h"
#include "report/trace_selection.h"
#include "report/trace_timeline.h"

namespace datamon::report {

// The longest first, each with all that it encloses, as many as `most_slices`
// holds; none that `shown` shows whole. Sorted by address, to be looked up.
std::vector<const format::SlowRecord*> slowest_elsewhere(const TraceTimeline& timeline,
                                                         const TraceIdentity& identity,
                                                         const std::vector<TimeWindow>& shown,
                                                         std::uint64_t most_slices);

}  // namespace datamon::report
