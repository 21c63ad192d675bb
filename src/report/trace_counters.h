// The sampler's rows as counter tracks: what grows becomes a rate between two
// rows, levels stay levels, readings that were not possible are left out.
#pragma once

#include <cstdint>

#include "report/recording.h"
#include "report/trace_events.h"
#include "report/trace_identity.h"
#include "report/trace_selection.h"
#include "report/trace_timeline.h"

namespace datamon::report {

// Writes the counters of every process file that holds samples.
void write_counters(const Recording& recording, const TraceTimeline& timeline,
                    const TraceIdentity& identity, const TimeWindow& window, TraceEvents& events);

}  // namespace datamon::report
