// Where consumer steps lie in time.
#pragma once

#include "report/recording.h"
#include "report/trace.h"
#include "report/trace_selection.h"

namespace datamon::report {

// The time of steps [first, last) of the first consumer: each step begins with
// its input wait, or with its compute where waits were not recorded. Throws
// TraceSelectionError if the recording did not keep them one by one.
TimeWindow window_of_steps(const Recording& recording, const Timeline& timeline,
                           const TraceIdentity& identity, StepRange steps);

}  // namespace datamon::report
