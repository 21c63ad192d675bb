// What else is going on: each qualifier with the evidence that it needs.
#include <algorithm>

#include "report/diagnosis_thresholds.h"
#include "report/diagnosis_verdict.h"

namespace datamon::report {
namespace {

namespace th = thresholds;

bool workers_busy(const MakerEvidence& makers) {
  return makers.busy_share && *makers.busy_share >= th::kWorkersBusy;
}

bool workers_idle(const MakerEvidence& makers) {
  return makers.busy_share && *makers.busy_share <= 1 - th::kWorkersIdle;
}

bool consumer_thread_bound(const Ruling& ruling) {
  return ruling.ground == Ground::kConsumerLoads || ruling.ground == Ground::kHandoverOnWait;
}

// More workers would find cores to run on, and nothing else is at its limit.
bool too_few_workers(const Evidence& evidence, const Ruling& ruling) {
  const MachineEvidence& machine = evidence.machine;
  if (ruling.ground != Ground::kWorkers || !workers_busy(evidence.makers)) return false;
  if (!machine.cores_idle || machine.storage_busy || machine.throttled) return false;
  if (waits_for_senders(evidence.step)) return false;  // more of them hand over no sooner
  const double needed =
      std::max(th::kIdleCores, (1 - th::kCoresFull) * machine.cores_allowed.value_or(1));
  return *machine.cores_idle >= needed;
}

bool cpu_saturated(const Evidence& evidence) {
  const MachineEvidence& machine = evidence.machine;
  const bool crowded = evidence.makers.crowded_share >= th::kCrowded;
  // Queueing without a full machine is affinity or a limit that is not seen.
  return machine.throttled || machine.cores_full || (crowded && !machine.cores_idle);
}

bool stragglers(const Evidence& evidence) {
  const MakerEvidence& makers = evidence.makers;
  // Whoever waits for a core is slow by chance: the items are not to blame. On
  // a full machine that must be ruled out by readings.
  if (makers.run_queue_share >= th::kQueueExplains * makers.straggler_work_share) return false;
  if (evidence.machine.cores_full && !makers.split_known) return false;
  if (makers.item_tail) return true;
  const bool few = makers.straggler_share > 0 && makers.straggler_share <= th::kStragglersFew;
  const bool one_worker = makers.straggler_workers == 1 && makers.slow_worker >= 0;
  const bool matters = makers.straggler_work_share >= th::kStragglerWork || workers_idle(makers);
  return few && !one_worker && matters && makers.straggler_wait_share >= th::kStragglersExplain;
}

bool out_of_order(const Evidence& evidence) {
  const StepEvidence& step = evidence.step;
  return step.ready_known && step.out_of_order_share >= th::kOutOfOrder &&
         workers_idle(evidence.makers);
}

bool start_up(const RunEvidence& run) {
  return run.start_up_share >= th::kStartUp || run.epoch_boundary_share >= th::kEpochBoundaries;
}

}  // namespace

std::vector<Qualifier> qualify(const Evidence& evidence, const Ruling& ruling) {
  std::vector<Qualifier> out;
  const auto add = [&](Qualifier qualifier, bool holds) {
    if (holds) out.push_back(qualifier);
  };
  if (is_input_bound(ruling.label)) {
    add(Qualifier::kConsumerThreadBound, consumer_thread_bound(ruling));
    add(Qualifier::kStragglerItems, stragglers(evidence));
    add(Qualifier::kOutOfOrderWait, out_of_order(evidence));
    add(Qualifier::kTooFewWorkers, too_few_workers(evidence, ruling));
    add(Qualifier::kStorageSaturated,
        ruling.label == Label::kIoBound && evidence.machine.storage_busy);
  }
  add(Qualifier::kLaunchBound,
      (ruling.label == Label::kComputeBound || ruling.label == Label::kBalanced) &&
          launch_bound(evidence.gpu));
  // A consumer that keeps the machine full is not held up by that.
  const bool cores_matter = is_input_bound(ruling.label) || ruling.label == Label::kBalanced;
  add(Qualifier::kCpuSaturated, cores_matter && cpu_saturated(evidence));
  const bool known = ruling.label != Label::kInsufficientData;
  add(Qualifier::kInterference, known && interferes(evidence));
  add(Qualifier::kStartUp, start_up(evidence.run));
  return out;
}

}  // namespace datamon::report
