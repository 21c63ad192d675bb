// Where consumer steps lie in time.
#pragma once

#include <optional>

#include "report/recording.h"
#include "report/trace.h"
#include "report/trace_selection.h"

namespace datamon::report {

// The time of steps [first, last) of the first consumer: each step begins with
// its input wait, or with its compute where waits were not recorded. Throws
// TraceSelectionError if the recording did not keep them one by one.
TimeWindow window_of_steps(const Recording& recording, const TraceTimeline& timeline,
                           const TraceIdentity& identity, StepRange steps);

// The steps of the first consumer that lie in `within` from beginning to end.
struct WholeSteps {
  TimeWindow window;
  StepRange steps;
};
// nullopt: none does, or there is no consumer.
std::optional<WholeSteps> whole_steps(const Recording& recording, const TraceTimeline& timeline,
                                      const TraceIdentity& identity, TimeWindow within);

}  // namespace datamon::report
