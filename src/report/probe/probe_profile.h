// An experiment on the running job, as the profile has it. Plain values.
#pragma once

#include <string>
#include <vector>

#include "report/interval.h"
#include "report/stage_class.h"

namespace datamon::report {

struct ProbedStage {
  StageClass stage_class = StageClass::kOther;
  // The step's relative slow-down over the stage's: 1 if a stage that is 10 % slower makes
  // the step 10 % slower, 0 if nobody notices. `known`: there are enough windows for it.
  bool known = false;
  Interval sensitivity;
  double standard_error = 0;
  int windows = 0;     // delayed ones that count
  double dose = 0;     // mean of what was added over the stage's own time
  double added_s = 0;  // of delays, all threads together
};

struct Sensitivities {
  std::vector<ProbedStage> stages;  // in the order of the classes
  int windows = 0;                  // all that count
  double degrees_of_freedom = 0;
  double slowdown = 0;  // of all windows' steps by the delays, as a share of their time
};

enum class ProbeEnd { kRunning, kNarrow, kLimit, kJobEnded };
const char* to_string(ProbeEnd end);  // "running", "narrow", "limit", "job-ended"

struct ProbeProfile {
  std::string why_not;  // there are no sensitivities, because ...
  ProbeEnd end = ProbeEnd::kRunning;
  double delay = 0;     // asked for: share of a stage's own time
  double seconds = 0;   // that it lasted
  double window_s = 0;  // one window
  double step_s = 0;    // one step, before it
  double added_s = 0;   // delays of all threads together
  Sensitivities measured;
};

}  // namespace datamon::report
