#include <algorithm>
#include <cmath>

#include "report/diagnosis_case.h"
#include "report/diagnosis_thresholds.h"

namespace datamon::report {
namespace {

namespace th = thresholds;

constexpr int kMostWorkersSaid = 1 << 20;

}  // namespace

int workers_to_have(const Case& c) {
  const Evidence& evidence = c.evidence;
  const MakerEvidence& makers = evidence.makers;
  const MachineEvidence& machine = evidence.machine;
  const double ranks_here = ranks_of_host(c.profile);
  const double compute_s = evidence.step.step_s - evidence.step.wait_s;
  if (c.ruling.ground == Ground::kConsumerLoads) {
    const double cores = machine.cores_allowed.value_or(1) / ranks_here;
    const double needed = compute_s > 0 ? std::ceil(evidence.step.wait_s / compute_s * 1.1) : cores;
    // A damaged recording may claim any number of cores.
    const double most = std::clamp(std::floor(cores), 1.0, double{kMostWorkersSaid});
    return static_cast<int>(std::clamp(needed, 1.0, most));
  }
  if (makers.workers <= 0 || !machine.cores_idle) return 0;
  const double have = workers_each(c.profile);
  const double wanted = compute_s > 0 ? have * evidence.step.step_s / compute_s * 1.1 : have * 8;
  // Each new worker takes as much of a core as the present ones do, and is worth
  // having if so much of that is idle; one that sleeps all the time still gets
  // only 8 times as many companions.
  const double each = std::max(makers.cores_per_worker, 0.05);
  const double fit = have + *machine.cores_idle / ranks_here / each;
  const int target = static_cast<int>(
      std::min({std::ceil(wanted), std::floor(fit + 1 - th::kIdleCores), have * 8}));
  return target > static_cast<int>(have) ? target : 0;
}

}  // namespace datamon::report
