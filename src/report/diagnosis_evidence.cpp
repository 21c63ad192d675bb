#include "report/diagnosis_evidence.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "report/diagnosis_handover.h"
#include "report/diagnosis_makers.h"
#include "report/diagnosis_steps.h"
#include "report/diagnosis_thresholds.h"
#include "report/median.h"
#include "report/taken_batches.h"
#include "report/text_units.h"

namespace datamon::report {
namespace {

namespace th = thresholds;

std::optional<double> known(double value) {
  if (!std::isfinite(value)) return std::nullopt;
  return std::max(0.0, value);
}

bool at_least(const std::optional<double>& value, double limit) { return value && *value >= limit; }

MachineEvidence machine_evidence(const MachineProfile& machine) {
  MachineEvidence out;
  const auto online = known(machine.cores_online);
  out.cores_allowed = known(machine.cores_allowed);
  if (!out.cores_allowed || *out.cores_allowed <= 0) out.cores_allowed = online;
  out.cores_used = known(machine.cores_used_total);
  out.cores_job = known(machine.cores_used_job);
  if (out.cores_used && out.cores_job)
    out.cores_others = std::max(0.0, *out.cores_used - *out.cores_job);
  if (out.cores_allowed && *out.cores_allowed > 0) {
    // Free cores end where the machine's or the job's own limit does.
    if (out.cores_used && online) out.cores_idle = std::max(0.0, *online - *out.cores_used);
    if (out.cores_job) {
      const double own = std::max(0.0, *out.cores_allowed - *out.cores_job);
      out.cores_idle = out.cores_idle ? std::min(*out.cores_idle, own) : own;
    }
    if (out.cores_idle)
      out.cores_full = *out.cores_idle <= (1 - th::kCoresFull) * *out.cores_allowed;
    out.own_cores_full =
        out.cores_full && out.cores_job &&
        *out.cores_job >= (1 - th::kOthersCores) * th::kCoresFull * *out.cores_allowed;
  }
  out.throttled_share = known(machine.throttled_share);
  out.throttled_periods = known(machine.throttled_periods_share);
  out.throttled = out.throttled_share ? *out.throttled_share >= th::kThrottled
                                      : at_least(out.throttled_periods, th::kThrottledPeriods);
  out.disk_busy = known(machine.disk_busy_share);
  out.io_some = known(machine.psi_io_some);
  out.io_full = known(machine.psi_io_full);
  out.job_storage_bytes_per_s = known(machine.job_storage_bytes_per_s);
  out.from_page_cache = machine.page_cache_hit_share >= th::kCached;
  const bool pressure =
      at_least(out.io_some, th::kIoPressure) || at_least(out.io_full, th::kIoPressureFull);
  const bool pressure_known = out.io_some || out.io_full;
  const bool reads = !out.job_storage_bytes_per_s || *out.job_storage_bytes_per_s > 0;
  out.storage_busy =
      reads && ((at_least(out.disk_busy, th::kDiskBusy) && (pressure || !pressure_known)) ||
                (!out.disk_busy && pressure));
  return out;
}

// Workers that idle are asked for a batch each in turn, and read in turn, whoever serves them.
void add_reads(const ReadProfile& reads, bool workers_busy, MachineEvidence& out) {
  const ReadOverlap& overlap = reads.overlap;
  if (!(reads.blocked_share >= th::kMostlyAsleep)) return;
  const double doubt = th::kReadsDeviations * overlap.growth_error;
  if (std::isfinite(overlap.growth + doubt)) {
    out.reads_at_once = overlap.at_once;
    out.reads_growth = overlap.growth;
  }
  const double sharing_doubt = th::kReadsDeviations * reads.sharing.error;
  if (std::isfinite(reads.sharing.variance_ratio + sharing_doubt)) {
    out.reads_variance_ratio = reads.sharing.variance_ratio;
    out.reads_bytes_per_s = reads.sharing.bytes_per_s;
  }
  out.reads_active = overlap.active_share;
  out.reads_share = workers_busy && reads.sharing.variance_ratio + sharing_doubt < th::kReadsQueue;
  out.reads_queue = (overlap.growth - doubt > th::kReadsQueue || out.reads_share) &&
                    overlap.active_share >= th::kDiskBusy;
  out.reads_scale = overlap.growth + doubt < th::kReadsQueue && !out.reads_share;
  out.storage_busy |= out.reads_queue;
}

// Whether the disk that delivers what the job reads idles while reads wait for it: then
// there is a limit above it, of a control group or a volume.
void add_limit_above_disk(const Profile& profile, MachineEvidence& out) {
  const auto delivered = known(profile.machine.disk_read_bytes_per_s);
  const double items_per_s = sane_seconds(profile.items_per_s);
  out.reads_waiting = profile.reads.waiting_share;
  if (!out.disk_busy || !delivered || !out.job_storage_bytes_per_s) return;
  // A limit on bytes a second lets no time pass unused, also where nobody waits for a moment.
  const double best = known(profile.machine.disk_best_bytes_per_s).value_or(0);
  const double used = best > 0 ? std::min(1.0, *delivered / best) : 0;
  out.limit_used = std::max(out.reads_waiting, used);
  out.limit_above_disk = *out.job_storage_bytes_per_s >= th::kStorageBytesAnItem * items_per_s &&
                         *delivered >= th::kDiskDelivers * *out.job_storage_bytes_per_s &&
                         out.reads_waiting >= th::kMostlyAsleep &&
                         out.limit_used >= th::kDiskBusy &&
                         *out.disk_busy < th::kDiskExplains * out.reads_waiting;
  out.storage_busy |= out.limit_above_disk;
}

// `usual_wait_s`: the part of a boundary that is no cost of it.
RunEvidence run_evidence(const Profile& profile, double usual_wait_s) {
  RunEvidence out;
  double whole = 0;
  for (const Phase& phase : profile.phases) whole += sane_seconds(phase.end_s - phase.start_s);
  const EpochBoundaries boundaries = epoch_boundaries(profile.phases);
  out.epoch_boundaries = boundaries.count;
  const double usual_s = static_cast<double>(boundaries.count) * usual_wait_s;
  if (whole > 0) out.epoch_boundary_share = std::max(0.0, boundaries.total_s - usual_s) / whole;
  // Steps left out as warm-up are not start-up: the first batch ends it.
  if (whole > 0)
    out.start_up_share = std::min(1.0, sane_seconds(profile.consumer.first_batch_s) / whole);
  const double spans = static_cast<double>(profile.monitor.spans);
  const double dropped = static_cast<double>(profile.monitor.dropped);
  if (spans + dropped > 0) out.dropped_share = dropped / (spans + dropped);
  return out;
}

double cost_of(const BatchSample& batch) {
  double sum = 0;
  for (const double self : batch.self_s) sum += sane_seconds(self);
  return sum;
}

// Batches far above the median: how many, what they cost, who waited for them.
void add_straggler_batches(const Profile& profile, const std::vector<double>& waits,
                           MakerEvidence& makers) {
  if (profile.batches.size() < th::kMinimumSteps) return;
  std::vector<double> costs;
  double all = 0;
  for (const BatchSample& batch : profile.batches) costs.push_back(cost_of(batch));
  for (const double cost : costs) all += cost;
  const double usual = median(costs);
  std::vector<std::size_t> slow;
  std::set<std::pair<std::uint32_t, int>> workers;
  double extra = 0;
  for (std::size_t i = 0; i < costs.size(); ++i) {
    if (costs[i] < th::kStragglerFactor * usual) continue;
    slow.push_back(i);
    workers.insert({profile.batches[i].consumer, profile.batches[i].worker});
    extra += costs[i] - usual;
  }
  if (slow.empty() || !(all > 0)) return;
  makers.straggler_share = static_cast<double>(slow.size()) / static_cast<double>(costs.size());
  makers.straggler_workers = static_cast<int>(workers.size());
  makers.straggler_wait_share = wait_share_of_batches(profile, waits, slow);
  if (makers.straggler_share <= th::kStragglersFew)
    makers.straggler_work_share = std::max(makers.straggler_work_share, extra / all);
}

// Batches that were ready long before their wait began, while the workers never
// rest and nobody recorded a hand-over: then the numbers of waits and of batches
// do not mean the same batches, and nothing may be concluded from them.
void drop_contradicting_ids(Evidence& e) {
  StepEvidence& step = e.step;
  MakerEvidence& makers = e.makers;
  if (!step.ready_known || !(step.handover_s > 0.5 * step.wait_s)) return;
  if (!makers.work_share || *makers.work_share < th::kWorkersBusy) return;
  const double recorded = makers.receive_s + makers.pin_s + makers.feeder_s;
  const double handover = step.handover_s * step.all_steps;
  if (recorded >= th::kHandoverRecorded * handover) return;
  step.ready_known = false;
  step.ids_mismatch = true;
  step.handover_s = step.handover_leads = step.out_of_order_share = 0;
  makers.straggler_wait_share = 0;
  std::fill(makers.batch_wait_s.begin(), makers.batch_wait_s.end(), 0.0);
}

}  // namespace

EpochBoundaries epoch_boundaries(const std::vector<Phase>& phases) {
  EpochBoundaries found;
  for (std::size_t i = 0; i < phases.size(); ++i) {
    if (phases[i].kind != PhaseKind::kEpochBoundary) continue;
    found.total_s += sane_seconds(phases[i].end_s - phases[i].start_s);
    const bool goes_on = i + 1 < phases.size() && phases[i + 1].kind == PhaseKind::kIdle;
    if (!goes_on) ++found.count;
  }
  return found;
}

Evidence gather_evidence(const Profile& profile) {
  Evidence out;
  out.step = step_evidence(profile);
  const std::vector<double> waits = waits_for_batches(profile);
  out.makers = maker_evidence(profile, waits);
  add_straggler_batches(profile, waits, out.makers);
  drop_contradicting_ids(out);
  add_late_handover(profile, out);
  out.machine = machine_evidence(profile.machine);
  add_reads(profile.reads, at_least(out.makers.busy_share, th::kWorkersBusy), out.machine);
  add_limit_above_disk(profile, out.machine);
  // Without workers the first batch of an epoch is made like any other.
  out.run = run_evidence(profile, profile.workers.empty() ? out.step.wait_s : 0);
  out.gpu = gpu_evidence(profile);
  return out;
}

}  // namespace datamon::report
