// What a trace shows of a recording that is too large to show whole: the
// start-up, whole steps from the middle of the steady work, and the slowest
// items of the rest. Which part is which is the profile's word (phases.h).
#pragma once

#include "report/recording.h"
#include "report/trace.h"
#include "report/trace_identity.h"
#include "report/trace_selection.h"
#include "report/trace_timeline.h"

namespace datamon::report {

// Everything, if the recording holds no more than options.most_slices spans.
TraceSelection select_by_default(const Recording& recording, const TraceTimeline& timeline,
                                 const TraceIdentity& identity, const TraceOptions& options);

// What a default selection shows and leaves out, in words with numbers; empty
// for any other selection.
std::vector<std::string> default_statements(const TraceSelection& selection,
                                            const SelectedCounts& counts);

}  // namespace datamon::report
