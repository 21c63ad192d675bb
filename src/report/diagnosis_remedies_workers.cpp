// Remedies that are about who makes batches, and on what: workers, cores, stragglers, start-up.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/diagnosis_advice.h"
#include "report/diagnosis_thresholds.h"
#include "report/text_units.h"

namespace datamon::report {
namespace {

namespace th = thresholds;

// What to do about a slow item depends on the stage that is slow in it.
std::string straggler_change(const SlowItem& item) {
  const auto slowest = std::max_element(
      item.parts_ms.begin(), item.parts_ms.end(),
      [](const auto& one, const auto& other) { return one.second < other.second; });
  const std::string name = printable(item.name);
  const std::string time = time_text(item.duration_ms * 1e-3);
  if (slowest != item.parts_ms.end() && slowest->first == "read")
    return fmt::format(
        "find out why the slowest items are slow to read ({}: {} of {}): another mount, a lock, a "
        "damaged disk; move or copy them",
        name, time_text(slowest->second * 1e-3), time);
  return fmt::format("shrink, re-encode or drop the slowest items ({}: {})", name, time);
}

// Others matter as far as the loader queues for the cores that they take.
bool others_hurt(const Case& c) {
  return c.has(Qualifier::kInterference) &&
         (!c.evidence.makers.split_known || c.evidence.makers.run_queue_share >= th::kCrowded);
}

void move_others(const Case& c, Advice& out) {
  const MachineEvidence& machine = c.evidence.machine;
  out.remedies.push_back(
      {"move the other programs off this machine, or give this job its own "
       "cores (taskset, cgroup cpuset)",
       fmt::format("they use {} of {} cores", cores_text(machine.cores_others.value_or(0)),
                   cores_text(machine.cores_allowed.value_or(0)))});
}

// "the limit of 2 cores, of 64 that the machine has, stops the job 30 % of the time"
std::string limit_text(const Case& c) {
  const double allowed = c.evidence.machine.cores_allowed.value_or(0);
  const double online = finite_or(c.profile.machine.cores_online, 0);
  return fmt::format(
      "the limit of {} cores{} {}", cores_text(allowed),
      online > allowed ? fmt::format(", of {} that the machine has,", cores_text(online)) : "",
      throttling_text(c.evidence.machine));
}

// Cores that a worker wants when nothing keeps it waiting.
double cores_wanted(const MakerEvidence& makers) {
  double on_core_s = 0, all_s = 0;
  for (std::size_t k = 0; k < kCosts; ++k) {
    on_core_s += makers.cpu[k];
    all_s += makers.wall[k];
  }
  const double queued_s = makers.run_queue_share * all_s;
  return all_s > queued_s ? std::clamp(on_core_s / (all_s - queued_s), 0.05, 1.0) : 1.0;
}

}  // namespace

void more_workers(const Case& c, Advice& out) {
  const int target = workers_to_have(c);
  const MachineEvidence& machine = c.evidence.machine;
  if (target <= 0) return;
  if (c.ruling.ground == Ground::kConsumerLoads) {
    out.remedies.push_back(with(
        {fmt::format("make batches in {} worker{}{} (PyTorch: num_workers={})", target,
                     target == 1 ? "" : "s", c.in_each_rank(), target),
         fmt::format("loading and computing take turns on one thread; a worker loads while the "
                     "step computes{}",
                     machine.cores_idle && *machine.cores_idle >= th::kIdleCores
                         ? fmt::format(", and {} cores are idle", cores_text(*machine.cores_idle))
                         : "")},
        change_to_workers(target)));
    return;
  }
  out.remedies.push_back(
      with({fmt::format("use {} workers{} instead of {} (PyTorch: num_workers={})", target,
                        c.in_each_rank(), c.workers(), target),
            fmt::format("all workers are busy ({}) while {} cores are idle{}",
                        percent_text(c.evidence.makers.busy_share.value_or(1)),
                        cores_text(machine.cores_idle.value_or(0)),
                        asleep_share(c.evidence, c.ruling) > 0
                            ? "; only if they do not wait for each other"
                            : "")},
           change_to_workers(target)));
}

// More workers than the cores can run only take turns.
void fewer_workers(const Case& c, Advice& out) {
  const MachineEvidence& machine = c.evidence.machine;
  const MakerEvidence& makers = c.evidence.makers;
  if (c.ruling.ground != Ground::kWorkers || !machine.own_cores_full || !makers.split_known) return;
  if (makers.crowded_share < th::kCrowded || !machine.cores_allowed) return;
  const int ranks_here = ranks_of_host(c.profile);
  const int enough = std::max(
      1, static_cast<int>(std::lround(std::min(*machine.cores_allowed, 4096.0) /
                                      cores_wanted(makers) / static_cast<double>(ranks_here))));
  if (enough >= c.workers()) return;
  Remedy fewer = {
      fmt::format("use {} worker{}{} instead of {} (PyTorch: num_workers={})", enough,
                  enough == 1 ? "" : "s", c.in_each_rank(), c.workers(), enough),
      fmt::format("{:.0f} workers on {} cores wait for a core {} of their running "
                  "time: they take turns, and each needs memory",
                  static_cast<double>(c.workers()) * ranks_here, cores_text(*machine.cores_allowed),
                  percent_text(makers.crowded_share))};
  fewer.saves = true;
  out.remedies.push_back(with(std::move(fewer), change_to_workers(enough)));
}

// Libraries that compute on several threads inside each worker, where cores are short.
void help_threads(const Case& c, Advice& out) {
  const MachineEvidence& machine = c.evidence.machine;
  if (!machine.cores_full && c.evidence.makers.crowded_share < th::kCrowded) return;
  double process = 0, own = 0, threads = 0;
  int known = 0;
  for (const WorkerProfile& worker : c.profile.workers) {
    if (!(worker.process_cores > 0) || !(worker.alive_s > 0)) continue;
    ++known;
    process += worker.process_cores;
    own += (worker.cpu_s + worker.feeder_busy_s) / worker.alive_s;
    threads += worker.process_threads;
  }
  if (known == 0 || !(process >= th::kOwnThreads * own) || !(process >= th::kIdleCores)) return;
  out.remedies.push_back(
      {"let libraries use one thread in each worker: OMP_NUM_THREADS=1, MKL_NUM_THREADS=1, "
       "cv2.setNumThreads(0) in worker_init_fn",
       fmt::format("a worker's process uses {} cores on {:.0f} threads, its loader {} of them, and "
                   "cores are short",
                   cores_text(process / known), threads / known, cores_text(own / known))});
}

void help_asleep(const Case& c, Advice& out) {
  const double asleep = asleep_share(c.evidence, c.ruling);
  if (!(asleep > 0)) return;
  const std::string name = heaviest(c, *c.ruling.leader);
  out.remedies.push_back(
      {fmt::format("find what {} waits for: a lock shared by the workers, a remote call",
                   name.empty() ? "the stage" : name),
       fmt::format("{} of its time it sleeps, and nothing shows that it reads from storage",
                   percent_text(asleep))});
}

void help_order(const Case& c, Advice& out) {
  const MakerEvidence& makers = c.evidence.makers;
  if (c.has(Qualifier::kStragglerItems)) {
    const auto named = std::find_if(c.profile.slow_items.begin(), c.profile.slow_items.end(),
                                    [](const SlowItem& item) { return !item.name.empty(); });
    out.remedies.push_back(
        at_best({named != c.profile.slow_items.end()
                     ? straggler_change(*named)
                     : "name the items (datamon::Span::item) to see which are slow",
                 "few items make most of the wait, since batches are taken in order"},
                Change{ChangeKind::kNoStragglers, 0, ""}));
  }
  if (c.has(Qualifier::kOutOfOrderWait) || c.has(Qualifier::kStragglerItems)) {
    const int prefetch = c.prefetch();
    out.remedies.push_back(with(
        {fmt::format("take batches in any order (PyTorch: in_order=False), or prefetch {} batches "
                     "a worker instead of {}",
                     2 * prefetch, prefetch),
         "workers run out of batches to make while one slow batch blocks those behind it"},
        Change{ChangeKind::kPrefetch, 2.0 * prefetch, ""}));
  } else if (c.ruling.ground == Ground::kWorkers && makers.busy_share &&
             *makers.busy_share < th::kWorkersBusy) {
    // Steps of very different length (gradient accumulation), say.
    const int prefetch = c.prefetch();
    out.remedies.push_back(
        with({fmt::format("make more batches ahead: prefetch {} a worker instead of {} (PyTorch: "
                          "prefetch_factor={})",
                          2 * prefetch, prefetch, 2 * prefetch),
              fmt::format("the workers idle {} of the time, and still the loop waits: steps or "
                          "batches take longer now and then",
                          percent_text(1 - *makers.busy_share))},
             Change{ChangeKind::kPrefetch, 2.0 * prefetch, ""}));
  }
}

void help_slow_worker(const Case& c, Advice& out) {
  if (c.evidence.makers.slow_worker < 0) return;
  out.remedies.push_back(
      {fmt::format("find out what slows {} down (its share of the files, its core)",
                   c.evidence.makers.slow_worker_name),
       fmt::format("it takes {} as long for a batch as the others{}",
                   factor_text(c.evidence.makers.slow_worker_factor),
                   slow_worker_leads(c.evidence) ? ", which idle meanwhile" : "")});
}

void help_machine(const Case& c, Advice& out) {
  const MachineEvidence& machine = c.evidence.machine;
  if (others_hurt(c)) move_others(c, out);
  if (machine.throttled && c.has(Qualifier::kCpuSaturated))
    out.remedies.push_back(
        {"raise the CPU limit of the container (Kubernetes: limits.cpu)", limit_text(c)});
  help_threads(c, out);
  if (is_input_bound(c.ruling.label) && !slow_worker_leads(c.evidence)) help_slow_worker(c, out);
  if (is_input_bound(c.ruling.label)) fewer_workers(c, out);
}

void help_start_up(const Case& c, Advice& out) {
  if (!c.has(Qualifier::kStartUp)) return;
  const RunEvidence& run = c.evidence.run;
  if (run.epoch_boundary_share >= th::kEpochBoundaries && c.profile.job.persistent_workers == 1)
    out.remedies.push_back(
        {"make epochs longer: the workers are kept already, what is left is filling the queues",
         fmt::format("{} of the run goes by at {} epoch boundaries",
                     percent_text(run.epoch_boundary_share), run.epoch_boundaries)});
  else if (run.epoch_boundary_share >= th::kEpochBoundaries && c.workers() == 0)
    out.remedies.push_back(
        {"make epochs longer, or find what begins anew with each (shuffling, indexing, opening "
         "files)",
         fmt::format("{} of the run goes by at {} epoch boundaries, and there are no workers that "
                     "start",
                     percent_text(run.epoch_boundary_share), run.epoch_boundaries)});
  else if (run.epoch_boundary_share >= th::kEpochBoundaries)
    out.remedies.push_back(
        with({"keep the workers between epochs (PyTorch: persistent_workers=True)",
              fmt::format("{} of the run goes by at {} epoch boundaries",
                          percent_text(run.epoch_boundary_share), run.epoch_boundaries)},
             Change{ChangeKind::kPersistentWorkers, 0, ""}));
  else if (c.ruling.label != Label::kInsufficientData)
    out.remedies.push_back({"judge longer runs by the steady figures, short ones by the start-up",
                            fmt::format("{} of this run is start-up: the first batch came after {}",
                                        percent_text(run.start_up_share),
                                        time_text(c.profile.consumer.first_batch_s))});
}

void help_compute(const Case& c, Advice& out) {
  if (c.has(Qualifier::kInterference)) move_others(c, out);
  if (c.has(Qualifier::kLaunchBound)) help_launches(c, out);
  const GpuEvidence& gpu = c.evidence.gpu;
  if (gpu.known && gpu.busy >= th::kGpuBusy)
    out.remedies.push_back(
        with({"speed up the model on the GPU: mixed precision, compilation, channels-last, more "
              "or faster GPUs",
              fmt::format("the GPU is busy {} of the time", percent_text(gpu.busy))},
             Change{ChangeKind::kConsumer, 0.5, ""}));
  else if (!c.has(Qualifier::kLaunchBound))
    out.remedies.push_back(
        with({"speed up the step itself: mixed precision, compilation, a larger batch",
              fmt::format("the step itself takes {} of the time",
                          percent_text(c.evidence.step.own_share()))},
             Change{ChangeKind::kConsumer, 0.5, ""}));
  const auto work = c.evidence.makers.work_share;
  const int workers = c.workers();
  if (!work || workers < 2) return;
  // A fifth on top keeps the wait away.
  const int enough = std::max(1, static_cast<int>(std::ceil(workers * *work * 1.2)));
  if (enough >= workers) return;
  Remedy fewer = {
      fmt::format("give cores back: {}{} instead of {}",
                  enough == 1 ? "1 worker is enough" : fmt::format("{} workers are enough", enough),
                  c.in_each_rank(), workers),
      fmt::format("the workers work only {} of their time", percent_text(*work))};
  fewer.saves = true;
  out.remedies.push_back(with(std::move(fewer), change_to_workers(enough)));
}

}  // namespace datamon::report
