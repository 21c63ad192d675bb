#include "report/probe/sensitivity.h"

#include <algorithm>
#include <cmath>

#include "report/probe/contrasts.h"
#include "report/probe/fit.h"

namespace datamon::report {
namespace {

// With fewer there is no interval.
constexpr double kFewestDegrees = 4;
// For is_narrow(): by then the scatter is known well enough.
constexpr int kEnoughWindows = 4;
constexpr double kNarrow = 0.1;

// The relative slow-down of the step over the dose, from the slope in logarithms.
double relative(double slope, double dose) {
  constexpr double kLargest = 20;  // beyond it nothing is measured, and exp() must not overflow
  return dose > 0 ? std::expm1(std::clamp(slope * dose, -kLargest, kLargest)) / dose : slope;
}

}  // namespace

// Cornish and Fisher's expansion: within 1 % from 3 degrees on.
double student_t(double z, double n) {
  const double z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z;
  return z + (z3 + z) / (4 * n) + (5 * z5 + 16 * z3 + 3 * z) / (96 * n * n) +
         (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * n * n * n);
}

Sensitivities measure_sensitivities(const ProbeRecord& record, const Unsteady& unsteady) {
  Sensitivities out;
  const Contrasts contrasts = find_contrasts(record, unsteady);
  out.windows = contrasts.windows;
  if (!record.begun()) return out;
  const format::ProbeHeader& header = record.header;
  const Fit fit = fit_contrasts(contrasts.delayed, header.class_count);
  out.degrees_of_freedom = fit.degrees_of_freedom;
  std::vector<double> dose(header.class_count);
  for (const Contrast& contrast : contrasts.delayed) dose[contrast.place] += contrast.dose;
  for (std::size_t place = 0; place < header.class_count; ++place) {
    ProbedStage stage;
    stage.stage_class = static_cast<StageClass>(header.classes[place]);
    stage.added_s = static_cast<double>(header.added_ns[header.classes[place]]) * 1e-9;
    const FittedClass& line = fit.classes[place];
    stage.windows = line.windows;
    if (stage.windows > 0) stage.dose = dose[place] / stage.windows;
    stage.known = line.known && fit.degrees_of_freedom >= kFewestDegrees;
    if (stage.known) {
      const double half = student_t(kNormal975, fit.degrees_of_freedom) * line.standard_error;
      stage.sensitivity = {relative(line.slope, stage.dose),
                           relative(line.slope - half, stage.dose),
                           relative(line.slope + half, stage.dose)};
      stage.standard_error = line.standard_error;
      out.slowdown += stage.windows * stage.sensitivity.value * stage.dose / out.windows;
    }
    out.stages.push_back(stage);
  }
  std::sort(out.stages.begin(), out.stages.end(), [](const ProbedStage& a, const ProbedStage& b) {
    return a.stage_class < b.stage_class;
  });
  return out;
}

bool is_narrow(const Sensitivities& sensitivities) {
  return !sensitivities.stages.empty() &&
         std::all_of(sensitivities.stages.begin(), sensitivities.stages.end(),
                     [](const ProbedStage& stage) {
                       return stage.known && stage.windows >= kEnoughWindows &&
                              stage.sensitivity.high - stage.sensitivity.value <= kNarrow;
                     });
}

bool has_found_enough(ProbeRecord record) {
  constexpr std::size_t kDelayed = format::kProbePeriod - 1;  // of a period's windows
  const std::size_t round =
      (record.header.class_count + kDelayed - 1) / kDelayed * format::kProbePeriod;
  if (record.windows.size() < 1 + round) return false;
  record.windows.pop_back();  // is under way
  if (!is_narrow(measure_sensitivities(record, {}))) return false;
  record.windows.resize(record.windows.size() - round);
  return is_narrow(measure_sensitivities(record, {}));
}

}  // namespace datamon::report
