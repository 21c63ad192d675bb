// How much of a stage's slow-down reaches the step: measured from an experiment's
// windows. Pure.
//
// Each delayed window is compared with the undelayed ones before and after it, of which
// the nearer one counts twice, so that slow changes of the machine cancel. Of the mean
// step time, the dose (what was added over the stage's own time) and the work that
// the batches and the steps themselves were, all in logarithms:
//
//   contrast of a value v = v(delayed) - (2 v(near) + v(far)) / 3
//   contrast of the step = slope of the class * dose + b * contrasts of the work + noise
//
// fitted by least squares (fit.h). Work is what the loader's stages, and the computing ones,
// took for a step by themselves, without delays: a window of larger images is slower
// whatever is delayed, and this takes it out.
// The 95 % interval is Student's, from the scatter of all classes' windows about the
// fit: one class alone has too few windows to know it. That several contrasts have an
// undelayed window in common is allowed for (covariance.h).
#pragma once

#include <functional>

#include "report/probe/probe_profile.h"
#include "report/probe/probe_record.h"

namespace datamon::report {

// Tells how much of [from_ns, to_ns) on the monotonic clock was no part of the job's
// steady work (between two epochs, idle), in nanoseconds.
using Unsteady = std::function<double(std::uint64_t from_ns, std::uint64_t to_ns)>;

// Without `unsteady` all of it was steady.
Sensitivities measure_sensitivities(const ProbeRecord& record, const Unsteady& unsteady);

// True when every class' interval is known to a tenth either way.
bool is_narrow(const Sensitivities& sensitivities);

// True when more windows of a running experiment would tell little more: the intervals are
// narrow, and were one round (each class once) ago. Who looks again and again meets the
// moments at which the scatter happens to look small; two looks with other windows between
// them rarely do. The last window counts as one that is under way.
bool has_found_enough(ProbeRecord record);

// Student's t of a normal quantile (1.96 for 97.5 %); for 3 and more degrees of freedom.
double student_t(double normal_quantile, double degrees_of_freedom);
inline constexpr double kNormal975 = 1.959964, kNormal995 = 2.575829;

}  // namespace datamon::report
