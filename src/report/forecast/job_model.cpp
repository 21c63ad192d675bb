#include "report/forecast/job_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "report/diagnosis_evidence.h"
#include "report/diagnosis_ranks.h"
#include "report/diagnosis_thresholds.h"
#include "report/diagnosis_verdict.h"
#include "report/forecast/stage_splits.h"
#include "report/text_units.h"

namespace datamon::report {
namespace {

namespace th = thresholds;

constexpr int kMostWorkers = 4096;  // of a rank

RecordedBatch to_recorded(const BatchSample& sample,
                          const std::array<TimeParts, kStageClasses>& parts,
                          const TimeParts& between, bool drop_blocked_send) {
  RecordedBatch out;
  double inside_s = 0;
  const auto put = [&out](std::size_t k, double self_s, const TimeParts& part) {
    out.cpu_s[k] = static_cast<float>(self_s * part.cpu);
    out.storage_s[k] = static_cast<float>(self_s * part.storage);
    out.delay_s[k] = static_cast<float>(self_s * part.delay);
  };
  for (std::size_t k = 0; k < kStageClasses; ++k) {
    if (!makes_batches(static_cast<StageClass>(k))) continue;
    const double self_s = sane_seconds(sample.self_s[k]);
    inside_s += self_s;
    put(k, self_s, parts[k]);
  }
  if (drop_blocked_send) out.delay_s[index_of(StageClass::kHandoff)] = 0;
  const double whole_s = sane_seconds(sample.end_s - sample.start_s);
  // Code between the stages: the loader's own, on a core unless crowded out.
  if (whole_s > inside_s) put(index_of(StageClass::kOther), whole_s - inside_s, between);
  return out;
}

// Of the steps, the steady ones, in order; `handover_s` is what passed between
// the batch being ready and being taken.
std::vector<StepWork> step_work(const Profile& profile, const Evidence& evidence,
                                const StageSplits& splits, double making_s, bool on_consumer,
                                double consumer_threads) {
  std::vector<StepWork> out;
  const auto steady = std::max<double>(1, static_cast<double>(profile.consumer.steady_steps));
  const double receive_s = splits.receive_s / steady;
  const double late_s = waits_for_senders(evidence.step) ? evidence.step.handover_late_s : 0;
  for (const Step& step : profile.consumer.step) {
    if (!step.steady) continue;
    StepWork work;
    const double wait_s = sane_seconds(step.wait_s);
    double handover_s = std::min(receive_s, wait_s);
    if (on_consumer) {
      handover_s = std::clamp(evidence.step.wait_s - making_s, 0.0, wait_s);
    } else if (evidence.step.ready_known && step.ready_s >= 0) {
      handover_s =
          std::clamp(step.start_s + wait_s - std::max(step.start_s, step.ready_s), 0.0, wait_s);
    }
    if (evidence.step.handover_s > 0)  // waiting for the sender is simulated anew
      handover_s *= std::max(0.0, 1 - late_s / evidence.step.handover_s);
    work.receive_cpu_s = std::min(handover_s, on_consumer ? 0.0 : receive_s);
    work.receive_delay_s = handover_s - work.receive_cpu_s;  // waking up
    const double own_s = sane_seconds(step.compute_s) + sane_seconds(step.transfer_s);
    work.cpu_s = own_s * splits.consumer.cpu * consumer_threads;
    work.receive_delay_s += own_s * splits.consumer_wakes;
    work.delay_s =
        own_s * (splits.consumer.delay - splits.consumer_wakes + splits.consumer.storage) +
        sane_seconds(step.other_wait_s);  // other loaders stay as they are
    out.push_back(work);
  }
  return out;
}

// Cores that the job uses besides its workers while the consumer computes; NaN
// if not known.
double consumer_cores(const Profile& profile) {
  const ConsumerProfile& consumer = profile.consumer;
  const double own_s = consumer.compute_s + consumer.transfer_s;
  double workers_s = 0;
  for (const WorkerProfile& worker : profile.workers) workers_s += sane_seconds(worker.cpu_s);
  // Ranks share the clock, but not the consumers' time, which is their sum. Of one of several
  // alone the job's cores are a part.
  const double consumers = static_cast<double>(consumers_of(profile));
  const double clock_s = consumer.steady_s / consumers;
  const double part = std::min(1.0, consumers / std::max(1, profile.job.ranks));
  return std::max(0.0, profile.machine.cores_used_job * part * clock_s - workers_s) / own_s;
}

// How the consumer's own time divides, and over how many threads its computing
// is spread: the thread that takes the batches is measured, others show in what
// the job uses besides its workers.
void fill_consumer(const Profile& profile, bool on_consumer, StageSplits& splits,
                   LoaderSetup& setup) {
  const double cores = on_consumer ? std::nan("") : consumer_cores(profile);
  TimeParts& parts = splits.consumer;
  if (!parts.known) {
    parts.cpu = std::isfinite(cores) ? std::min(1.0, cores) : 0;
    parts.delay = 1 - parts.cpu;
  }
  // Below this it is helpers, the monitor and rounding.
  constexpr double kOtherThreads = 1.25;
  if (std::isfinite(cores) && parts.cpu > 0.5 && cores > kOtherThreads * parts.cpu)
    setup.consumer_threads = std::min(cores / parts.cpu, 4096.0);
}

// Of the rank that is simulated: the one whose worker is clearly slow, if there is one,
// as ranks go in step with the slowest.
std::vector<double> worker_factors(const MakerEvidence& makers) {
  if (makers.slow_worker < 0 || makers.slow_worker >= kMostWorkers) return {};
  std::vector<double> factors(static_cast<std::size_t>(makers.slow_worker) + 1, 1.0);
  factors.back() = makers.slow_worker_factor;
  return factors;
}

bool is_slow_workers(const BatchSample& sample, const MakerEvidence& makers) {
  return makers.slow_worker >= 0 && sample.worker == makers.slow_worker &&
         sample.consumer == makers.slow_worker_consumer;
}

void scale(RecordedBatch& batch, double factor) {
  const auto by = static_cast<float>(factor);
  for (std::size_t k = 0; k < kStageClasses; ++k) {
    batch.cpu_s[k] *= by;
    batch.storage_s[k] *= by;
    batch.delay_s[k] *= by;
  }
}

void fill_batches(const Profile& profile, const Evidence& evidence, const StageSplits& splits,
                  JobModel& model) {
  std::array<TimeParts, kStageClasses> parts;
  for (std::size_t k = 0; k < kStageClasses; ++k)
    parts[k] = splits.of[k].known
                   ? splits.of[k]
                   : guessed(static_cast<StageClass>(k), profile.machine.page_cache_hit_share);
  TimeParts between;
  between.cpu = 1 / (1 + splits.usual_wait);
  // A send that sleeps while the loop does not wait is a full queue, no work.
  const bool full_queue = evidence.step.wait.value < th::kInputBound;
  std::vector<const BatchSample*> order;
  for (const BatchSample& sample : profile.batches) order.push_back(&sample);
  std::stable_sort(order.begin(), order.end(), [](const BatchSample* a, const BatchSample* b) {
    return finite_or(a->start_s, 0) < finite_or(b->start_s, 0);
  });
  double items = 0;
  for (const BatchSample* sample : order) {
    RecordedBatch batch = to_recorded(*sample, parts, between, full_queue);
    if (!model.setup.worker_factor.empty() && is_slow_workers(*sample, evidence.makers))
      scale(batch, 1 / evidence.makers.slow_worker_factor);
    model.batches.push_back(batch);
    items += sample->items;
  }
  if (!order.empty()) model.batch_items = std::max(1.0, items / static_cast<double>(order.size()));
}

void fill_machine(const Profile& profile, const Evidence& evidence, const StageSplits& splits,
                  JobModel& model) {
  model.ranks = std::max(1, profile.job.ranks);
  model.hosts = std::max(1, profile.machine.hosts);
  model.core_wait_share = splits.usual_wait / (1 + splits.usual_wait);
  const auto& cores = evidence.machine.cores_allowed;
  if (cores && *cores > 0) {
    model.cores_of_host = *cores;
    const double ranks_here = std::max(1.0, static_cast<double>(model.ranks) / model.hosts);
    model.setup.cores = std::max(*cores / ranks_here, 0.01);
  } else {
    model.assumptions.push_back("there are cores enough: how many is not known");
  }
  if (!splits.known)
    model.assumptions.push_back(
        "reading sleeps and all other stages compute: no CPU time was read");
  double storage_s = 0;
  for (const RecordedBatch& batch : model.batches)
    for (const float part_s : batch.storage_s) storage_s += part_s;
  storage_s /= static_cast<double>(model.batches.size());
  const double readers = storage_s * model.measured_steps_per_s;
  if (evidence.machine.storage_busy && readers > 0) {
    model.setup.storage_concurrency = readers;
    const double busy = evidence.machine.limit_above_disk ? evidence.machine.limit_used
                        : evidence.machine.reads_queue    ? evidence.machine.reads_active
                                                          : evidence.machine.disk_busy.value_or(1);
    model.storage_busy_share = std::clamp(busy, 0.5, 1.0);
    model.assumptions.push_back("storage is at its limit and stays as fast as it was");
  } else if (readers > 0.05) {
    const double read_bytes_per_s = evidence.machine.job_storage_bytes_per_s.value_or(0);
    const double active = profile.reads.overlap.active_share;
    // A disk that idles while reads are under way is not what they wait for: there
    // is a limit above it (a control group's, a volume's), and its idle time is none of ours.
    const bool disk_seen =
        evidence.machine.disk_busy &&
        *evidence.machine.disk_busy >=
            th::kDiskExplains * (active > 0 ? active : std::min(1.0, readers)) &&
        read_bytes_per_s >= th::kStorageBytesAnItem * finite_or(profile.items_per_s, 0);
    if (!evidence.machine.reads_scale && !disk_seen)
      model.storage_active_share = active > 0 ? active : std::min(1.0, readers);
    model.assumptions.push_back(
        evidence.machine.reads_scale
            ? "storage serves more readers as fast as it did these, whose reads did not meet"
            : "storage serves more readers as fast as it did these");
  }
}

void fill_epochs(const Profile& profile, JobModel& model) {
  const EpochBoundaries boundaries = epoch_boundaries(profile.phases);
  model.boundaries = boundaries.count;
  const auto consumers = static_cast<double>(consumers_of(profile));
  model.steady_s = sane_seconds(profile.consumer.steady_s) / consumers;
  if (model.boundaries == 0) return;
  model.boundary_s = boundaries.total_s / static_cast<double>(model.boundaries);
  const auto steps = static_cast<double>(profile.consumer.steps) / consumers;
  model.setup.epoch_steps = static_cast<std::size_t>(
      std::clamp(steps / static_cast<double>(model.boundaries + 1), 1.0, 1e9));
}

}  // namespace

double JobModel::boundary_share() const {
  const double boundaries_s = static_cast<double>(boundaries) * boundary_s;
  return steady_s > 0 ? boundaries_s / (steady_s + boundaries_s) : 0;
}

namespace {

// A boundary's wait is the start of workers and then the first batch.
void set_restart(JobModel& model) {
  if (model.boundaries == 0) return;
  double batch_s = 0;
  for (const RecordedBatch& batch : model.batches)
    for (std::size_t k = 0; k < kStageClasses; ++k)
      batch_s += batch.storage_s[k] + batch.delay_s[k] + batch.cpu_s[k];
  batch_s /= static_cast<double>(model.batches.size());
  model.setup.restart_s = std::max(0.0, model.boundary_s - batch_s);
}

// Hand-off beside the workers: feeder threads, and one thread that pins.
void fill_helpers(const Profile& profile, JobModel& model) {
  double of_workers_s = 0, batches = 0;
  for (const WorkerProfile& worker : profile.workers) {
    batches += static_cast<double>(worker.batches);
    const std::size_t handoff = index_of(StageClass::kHandoff);
    if (worker.self_s.size() > handoff) of_workers_s += sane_seconds(worker.self_s[handoff]);
  }
  if (!(batches > 0)) return;
  double feeder_cpu_s = 0, feeder_delay_s = 0;
  double marked_cpu_s = 0, marked_delay_s = 0;  // on threads that said what they are
  for (const StageProfile& stage : profile.stages) {
    if (stage.stage_class != StageClass::kHandoff || stage.on_consumer || stage.residence) continue;
    const TimeSplit& split = stage.split;
    const double self_s = sane_seconds(stage.self_s);
    const double cpu_s = split.known ? sane_seconds(split.cpu_s) : self_s;
    const double delay_s = split.known ? sane_seconds(split.blocked_s) : 0;
    if (stage.name == "pin" || stage.thread == HandoffThread::kPin) {
      // Blocked in receiving is waiting for the batch.
      const bool waits = stage.name == "receive";
      if (!waits || split.known) model.setup.pin_cpu_s += cpu_s / batches;
      if (!waits) model.setup.pin_delay_s += delay_s / batches;
      continue;
    }
    if (stage.thread == HandoffThread::kFeeder) {
      marked_cpu_s += cpu_s;
      marked_delay_s += delay_s;
    }
    feeder_cpu_s += cpu_s;
    feeder_delay_s += delay_s;
  }
  if (marked_cpu_s + marked_delay_s > 0) {
    model.setup.feeder_cpu_s = marked_cpu_s / batches;
    model.setup.feeder_delay_s = marked_delay_s / batches;
    return;
  }
  // What the workers' own tracks hold is in their batches already. Below a
  // hundredth of the rest it is rounding.
  const double all_s = feeder_cpu_s + feeder_delay_s;
  const double beside = all_s > 0 ? 1 - of_workers_s / all_s : 0;
  if (beside < 0.01 || of_workers_s > 0.5 * all_s) return;
  model.setup.feeder_cpu_s = feeder_cpu_s * beside / batches;
  model.setup.feeder_delay_s = feeder_delay_s * beside / batches;
}

std::string missing(const Profile& profile, const Evidence& evidence) {
  if (!profile.consumer.present) return "nobody takes batches in this recording";
  if (evidence.step.steps < th::kMinimumSteps)
    return fmt::format("only {} steady step{} recorded; {} are needed", evidence.step.steps,
                       plural(static_cast<double>(evidence.step.steps), " was", "s were"),
                       th::kMinimumSteps);
  if (!profile.batches.empty() && profile.batches.size() < th::kMinimumSteps)
    return fmt::format(
        "only {} batch{} made while the loader was in its steady state; {} are needed",
        profile.batches.size(),
        plural(static_cast<double>(profile.batches.size()), " was", "es were"), th::kMinimumSteps);
  if (profile.batches.empty())
    return "what single batches cost was not recorded (collate or send spans with batch numbers)";
  if (!(profile.steps_per_s > 0)) return "the rate of steps is not known";
  return "";
}

}  // namespace

JobModel model_of(const Profile& job, const PlacementRates* rates) {
  const auto slowest = slowest_consumer(job);
  const Profile profile = slowest ? of_consumer(job, *slowest) : job;
  JobModel model;
  const Evidence evidence = gather_evidence(profile);
  model.why_not = missing(profile, evidence);
  if (!model.why_not.empty()) return model;
  const bool on_consumer = profile.workers.empty();
  StageSplits splits = splits_of(profile, on_consumer);
  model.ranks = std::max(1, profile.job.ranks);
  model.measured_steps_per_s = profile.steps_per_s;
  model.setup.workers = on_consumer ? 0 : std::clamp(workers_each(profile), 1, kMostWorkers);
  model.setup.prefetch =
      std::clamp(profile.job.prefetch > 0 ? profile.job.prefetch : kUsualPrefetch, 1, 4096);
  model.setup.worker_factor = worker_factors(evidence.makers);
  fill_batches(profile, evidence, splits, model);
  const double items = finite_or(profile.items_per_s, 0);
  model.items_per_step =
      items > 0 ? items / (profile.steps_per_s * model.ranks) : model.batch_items;
  fill_machine(profile, evidence, splits, model);
  fill_epochs(profile, model);
  set_restart(model);
  if (!on_consumer) fill_helpers(profile, model);
  model.setup.serves_between_batches = !on_consumer && waits_for_senders(evidence.step);
  fill_consumer(profile, on_consumer, splits, model.setup);
  double making_s = 0;
  for (const BatchSample& sample : profile.batches)
    making_s += sane_seconds(sample.end_s - sample.start_s);
  making_s /= static_cast<double>(profile.batches.size());
  model.steps =
      step_work(profile, evidence, splits, making_s, on_consumer, model.setup.consumer_threads);
  std::array<double, kStageClasses> class_s{};
  for (const StageProfile& stage : profile.stages)
    if (makes_batches(stage) && stage.on_consumer == on_consumer)
      class_s[index_of(stage.stage_class)] += sane_seconds(stage.self_s);
  for (const StageProfile& stage : profile.stages) {
    const std::size_t k = index_of(stage.stage_class);
    if (makes_batches(stage) && stage.on_consumer == on_consumer && class_s[k] > 0)
      model.stage_shares.push_back(
          {stage.name, {static_cast<int>(k), sane_seconds(stage.self_s) / class_s[k]}});
  }
  if (slowest)
    model.assumptions.push_back(fmt::format(
        "the other ranks keep up with rank {}, which they wait for now", rank_of(job, *slowest)));
  if (rates != nullptr) model.placement = placement_model(profile, *rates, model);
  return model;
}

}  // namespace datamon::report
