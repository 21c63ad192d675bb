#include "report/diagnosis_remedies.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "report/diagnosis_case.h"
#include "report/diagnosis_thresholds.h"
#include "report/text_units.h"

namespace datamon::report {
namespace {

namespace th = thresholds;

const StageProfile* stage_of(const Profile& profile, StageClass stage_class) {
  const StageProfile* best = nullptr;
  for (const StageProfile& stage : profile.stages)
    if (stage.stage_class == stage_class && (best == nullptr || stage.self_s > best->self_s))
      best = &stage;
  return best;
}

// Mean bytes that one span of the class handled; 0 if unknown.
double bytes_each(const Profile& profile, StageClass stage_class) {
  const StageProfile* stage = stage_of(profile, stage_class);
  if (stage == nullptr || stage->count == 0) return 0;
  return static_cast<double>(stage->bytes) / static_cast<double>(stage->count);
}

std::string name_of(const MakerEvidence& makers, Cost cost) {
  return printable(makers.heaviest_part[static_cast<std::size_t>(cost)]);
}

// What the forecasts of advice simulate. Where a remedy shortens a stage by
// nobody knows how much, the stage is taken away: the best that it can bring.
Remedy with(Remedy remedy, Change change) {
  remedy.simulated_as = {std::move(change)};
  return remedy;
}

Remedy at_best(Remedy remedy, Change change) {
  remedy.at_most = true;
  return with(std::move(remedy), std::move(change));
}

Change without(StageClass stage_class) {
  return {ChangeKind::kFaster, std::numeric_limits<double>::infinity(), to_string(stage_class)};
}

Change cached() { return {ChangeKind::kCached, 0, ""}; }

std::string share_text(const Case& c, Cost cost) {
  double all = 0;
  for (const double value : c.ruling.costs) all += value;
  const double own = c.ruling.costs[static_cast<std::size_t>(cost)];
  return percent_text(all > 0 ? own / all : 0);
}

void more_workers(const Case& c, Advice& out) {
  const int target = workers_to_have(c.evidence, c.ruling);
  const MachineEvidence& machine = c.evidence.machine;
  if (target <= 0) return;
  if (c.ruling.ground == Ground::kConsumerLoads) {
    out.remedies.push_back(with(
        {fmt::format("make batches in {} worker{} (PyTorch: num_workers={})", target,
                     target == 1 ? "" : "s", target),
         fmt::format("loading and computing take turns on one thread; a worker loads while the "
                     "step computes{}",
                     machine.cores_idle && *machine.cores_idle >= th::kIdleCores
                         ? fmt::format(", and {} cores are idle", cores_text(*machine.cores_idle))
                         : "")},
        workers_each(c, target)));
    return;
  }
  out.remedies.push_back(with({fmt::format("use {} workers instead of {} (PyTorch: num_workers={})",
                                           target, c.workers(), target),
                               fmt::format("all workers are busy ({}) while {} cores are idle{}",
                                           percent_text(c.evidence.makers.busy_share.value_or(1)),
                                           cores_text(machine.cores_idle.value_or(0)),
                                           asleep_share(c.evidence, c.ruling) > 0
                                               ? "; only if they do not wait for each other"
                                               : "")},
                              workers_each(c, target)));
}

void help_asleep(const Case& c, Advice& out) {
  const double asleep = asleep_share(c.evidence, c.ruling);
  if (!(asleep > 0)) return;
  const std::string name = name_of(c.evidence.makers, *c.ruling.leader);
  out.remedies.push_back(
      {fmt::format("find what {} waits for: a lock shared by the workers, a remote call",
                   name.empty() ? "the stage" : name),
       fmt::format("{} of its time it sleeps, and nothing shows that it reads from storage",
                   percent_text(asleep))});
}

void help_reading(const Case& c, Advice& out) {
  const MachineProfile& machine = c.profile.machine;
  const double each = bytes_each(c.profile, StageClass::kRead);
  const std::string item = each > 0 ? fmt::format(" ({} a read)", bytes_text(each)) : "";
  const double hits = machine.page_cache_hit_share;
  if (c.has(Qualifier::kStorageSaturated)) {
    out.remedies.push_back(
        at_best({"read fewer bytes: store the images at the size that is used, or in a "
                 "denser format",
                 fmt::format("the disk is at its limit, so more readers would only "
                             "queue{}",
                             item)},
                without(StageClass::kRead)));
    out.remedies.push_back(at_best(
        {"copy the data to a faster disk, or to memory (/dev/shm) if it fits",
         std::isfinite(machine.memory_available_bytes)
             ? fmt::format("{} of memory are available", bytes_text(machine.memory_available_bytes))
             : "every epoch reads it again"},
        cached()));
  } else {
    // More workers read more files at once; that advice is not given twice.
    if (!c.has(Qualifier::kTooFewWorkers))
      out.remedies.push_back(with(
          {fmt::format("read several files at once: {} workers, or a thread pool that reads ahead "
                       "in each worker",
                       std::max(2, 2 * c.workers())),
           fmt::format("reading is {} of a batch and sleeps rather than computes, and storage is "
                       "not at its limit{}",
                       share_text(c, Cost::kRead), item)},
          workers_each(c, std::max(2, 2 * c.workers()))));
    if (std::isfinite(hits) && hits >= th::kCached) {
      out.remedies.push_back(
          at_best({"find out what the reads wait for: a network or FUSE file system, "
                   "opening each file, a lock",
                   fmt::format("{} of the bytes come from the page cache, so the disk "
                               "is not it",
                               percent_text(hits))},
                  cached()));
      return;
    }
    out.remedies.push_back(at_best(
        {"keep the data in memory after the first epoch, or copy it to a local "
         "disk before the run",
         std::isfinite(hits)
             ? fmt::format("only {} of the bytes come from the page cache", percent_text(hits))
             : "a read that is repeated every epoch is paid every epoch"},
        cached()));
  }
  if (each > 0 && each < 1e6)
    out.remedies.push_back(
        at_best({"pack the files into large shards (tar, WebDataset) and read them in "
                 "sequence",
                 fmt::format("a read brings only {}, so its latency is paid for each "
                             "item",
                             bytes_text(each))},
                cached()));
}

void help_decoding(const Case& c, Advice& out) {
  const double each = bytes_each(c.profile, StageClass::kRead);
  out.remedies.push_back(
      at_best({"store the images at the size that is used (shorter side 256 px for crops of 224)",
               fmt::format("decoding is {} of a batch and grows with the number of pixels{}",
                           share_text(c, Cost::kDecode),
                           each > 0 ? fmt::format("; a file has {}", bytes_text(each)) : "")},
              without(StageClass::kDecode)));
  out.remedies.push_back(
      at_best({"decode only what the crop needs (libjpeg-turbo: crop and skip "
               "scanlines, or scaled decoding; Pillow: Image.draft)",
               "if crops are smaller than the photographs, the rest is decoded in vain"},
              without(StageClass::kDecode)));
  out.remedies.push_back(
      at_best({"decode on the GPU (nvJPEG, DALI), or keep decoded images in memory",
               "it takes the stage off the cores"},
              without(StageClass::kDecode)));
}

void help_transform(const Case& c, Advice& out) {
  const std::string name = name_of(c.evidence.makers, Cost::kTransform);
  if (c.ruling.leader == Cost::kUnnamed) {
    out.remedies.push_back(
        {"mark the stages inside the dataset code (datamon::Span, or "
         "transform/NAME), and record again",
         fmt::format("{} of a batch is code that no stage names", share_text(c, Cost::kUnnamed))});
    return;
  }
  out.remedies.push_back(at_best(
      {fmt::format("make {} cheaper: crop first and convert to float last, so that it works on "
                   "fewer and smaller pixels",
                   name.empty() ? "the transform" : name),
       fmt::format("transforms are {} of a batch{}", share_text(c, Cost::kTransform),
                   name.empty() ? "" : fmt::format(", {} most of that", name))},
      without(StageClass::kTransform)));
  out.remedies.push_back(
      at_best({"do flips, normalisation and colour changes on the device, for the whole "
               "batch at once",
               "the workers then only decode and crop"},
              without(StageClass::kTransform)));
  out.remedies.push_back(
      at_best({"do the part that is the same every epoch once, and store the result",
               "only random augmentation has to be repeated"},
              without(StageClass::kTransform)));
}

void help_collate(const Case& c, Advice& out) {
  out.remedies.push_back(at_best(
      {"let each item be written straight into the batch's memory (allocate it "
       "once and reuse it)",
       fmt::format(
           "collating is {} of a batch; if it copies finished items, each byte is written twice",
           share_text(c, Cost::kCollate))},
      without(StageClass::kCollate)));
  out.remedies.push_back(
      at_best({"return few contiguous tensors an item, as uint8, and convert on the "
               "device",
               "collating costs per tensor and per byte; uint8 has a quarter of "
               "float32's bytes"},
              without(StageClass::kCollate)));
}

void help_handoff(const Case& c, Advice& out) {
  const double each = std::max(bytes_each(c.profile, StageClass::kHandoff),
                               bytes_each(c.profile, StageClass::kCollate));
  const std::string size = each > 0 ? fmt::format("; a batch has {}", bytes_text(each)) : "";
  if (c.ruling.ground == Ground::kPinThread) {
    out.remedies.push_back(
        at_best({"pin less: smaller batches in bytes (uint8), or pinned memory that is "
                 "allocated once",
                 fmt::format("the pin-memory thread is busy {} of the time",
                             percent_text(c.evidence.makers.pin_busy_share))},
                without(StageClass::kHandoff)));
    return;
  }
  if (c.ruling.ground == Ground::kFeeder)
    out.remedies.push_back(
        {fmt::format(
             "use more workers, if cores are idle: each has a feeder thread of its own{}",
             c.evidence.machine.cores_idle
                 ? fmt::format(" ({} cores are idle)", cores_text(*c.evidence.machine.cores_idle))
                 : ""),
         "the feeders are the limit, not the making of batches"});
  out.remedies.push_back(at_best(
      {"send few large tensors rather than many small ones or Python objects (stack them in the "
       "worker)",
       fmt::format("if batches hold many objects, each is packed, sent and unpacked by itself{}",
                   size)},
      without(StageClass::kHandoff)));
  out.remedies.push_back(at_best(
      {"send uint8 and convert on the device", "if it is float32 now: a quarter of its bytes"},
      without(StageClass::kHandoff)));
  if (c.ruling.ground == Ground::kHandoverOnWait && c.profile.job.pin_memory != 1)
    out.remedies.push_back({"receive in a helper thread (PyTorch: pin_memory=True)",
                            "the consumer then finds batches unpacked"});
}

void help_stage(const Case& c, Advice& out) {
  if (!c.ruling.leader) return;
  // What computes less does not sleep less.
  if (c.ruling.ground != Ground::kHandoverOnWait &&
      asleep_share(c.evidence, c.ruling) >= th::kMostlyAsleep)
    return;
  switch (*c.ruling.leader) {
    case Cost::kRead:
      return help_reading(c, out);
    case Cost::kDecode:
      return help_decoding(c, out);
    case Cost::kTransform:
    case Cost::kUnnamed:
      return help_transform(c, out);
    case Cost::kCollate:
      return help_collate(c, out);
    case Cost::kHandoff:
      return help_handoff(c, out);
  }
}

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

void help_stragglers(const Case& c, Advice& out) {
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
    const int prefetch = std::max(1, c.profile.job.prefetch);
    out.remedies.push_back(with(
        {fmt::format("take batches in any order (PyTorch: in_order=False), or prefetch {} batches "
                     "a worker instead of {}",
                     2 * prefetch, prefetch),
         "workers run out of batches to make while one slow batch blocks those behind it"},
        Change{ChangeKind::kPrefetch, 2.0 * prefetch, ""}));
  }
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

void help_slow_worker(const Case& c, Advice& out) {
  if (c.evidence.makers.slow_worker < 0) return;
  out.remedies.push_back(
      {fmt::format("find out what slows worker {} down (its share of the files, its core)",
                   c.evidence.makers.slow_worker),
       fmt::format("it takes {} as long for a batch as the others{}",
                   factor_text(c.evidence.makers.slow_worker_factor),
                   slow_worker_leads(c.evidence) ? ", which idle meanwhile" : "")});
}

void help_machine(const Case& c, Advice& out) {
  const MachineEvidence& machine = c.evidence.machine;
  if (others_hurt(c)) move_others(c, out);
  if (machine.throttled && c.has(Qualifier::kCpuSaturated))
    out.remedies.push_back({"raise the CPU limit of the container (Kubernetes: limits.cpu)",
                            fmt::format("the limit of {} cores stops the job {} of the time",
                                        cores_text(machine.cores_allowed.value_or(0)),
                                        percent_text(c.profile.machine.throttled_share))});
  if (is_input_bound(c.ruling.label) && !slow_worker_leads(c.evidence)) help_slow_worker(c, out);
}

void help_start_up(const Case& c, Advice& out) {
  if (!c.has(Qualifier::kStartUp)) return;
  const RunEvidence& run = c.evidence.run;
  if (run.epoch_boundary_share >= th::kEpochBoundaries && c.profile.job.persistent_workers == 1)
    out.remedies.push_back(
        {"make epochs longer: the workers are kept already, what is left is filling the queues",
         fmt::format("{} of the run goes by at {} epoch boundaries",
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
                          percent_text(1 - c.evidence.step.wait.value))},
             Change{ChangeKind::kConsumer, 0.5, ""}));
  const auto work = c.evidence.makers.work_share;
  const int workers = c.workers();
  if (!work || workers < 2) return;
  // A fifth on top keeps the wait away.
  const int enough = std::max(1, static_cast<int>(std::ceil(workers * *work * 1.2)));
  if (enough >= workers) return;
  Remedy fewer = {
      fmt::format("give cores back: {} instead of {}",
                  enough == 1 ? "1 worker is enough" : fmt::format("{} workers are enough", enough),
                  workers),
      fmt::format("the workers work only {} of their time", percent_text(*work))};
  fewer.saves = true;
  out.remedies.push_back(with(std::move(fewer), workers_each(c, enough)));
}

void help_insufficient(const Case& c, Advice& out) {
  const StepEvidence& step = c.evidence.step;
  if (c.ruling.ground == Ground::kNoConsumer) {
    out.remedies.push_back(
        {"mark the loop that takes batches: datamon::thread("
         "DATAMON_ROLE_CONSUMER), a wait span around getting a batch and a "
         "compute span around the step",
         "without them nobody can say whether the job waits"});
    return;
  }
  if (c.ruling.ground == Ground::kNoStages) {
    out.remedies.push_back(
        {"mark the stages of the loader in its workers (read, decode, transform, "
         "collate, send), and start them so that they inherit MON and MON_DIR",
         "only the consumer was recorded: it waits, but not why"});
    return;
  }
  if (c.has(Qualifier::kStartUp) && c.evidence.run.epoch_boundaries > 0) {
    out.remedies.push_back({"make epochs longer, or record more of them",
                            fmt::format("{} steady steps lie between {} epoch boundaries",
                                        step.steps, c.evidence.run.epoch_boundaries)});
    return;
  }
  const double missing = static_cast<double>(th::kManySteps) - static_cast<double>(step.steps);
  out.remedies.push_back(
      {fmt::format(
           "record for longer: at least {} more steps{}", missing,
           step.step_s > 0 ? fmt::format(" (about {})", time_text(missing * step.step_s)) : ""),
       fmt::format("{} steady steps say nothing about the spread; {} give a verdict, {} a firm one",
                   step.steps, th::kMinimumSteps, th::kManySteps)});
}

}  // namespace

Advice advise(const Profile& profile, const Evidence& evidence, const Ruling& ruling,
              const std::vector<Qualifier>& qualifiers) {
  const Case c{profile, evidence, ruling, qualifiers};
  Advice out;
  switch (ruling.label) {
    case Label::kInsufficientData:
      help_start_up(c, out);
      help_insufficient(c, out);
      return out;
    case Label::kComputeBound:
      help_compute(c, out);
      break;
    case Label::kTransferBound:
      help_transfer(c, out);
      break;
    case Label::kBalanced:
      help_machine(c, out);
      out.remedies.push_back(
          {"speed up loader and step together, or leave both as they are",
           fmt::format("input wait is {} of a step: a faster loader alone brings at most {}",
                       percent_text(evidence.step.wait.value),
                       factor_text(1 / (1 - std::min(0.99, evidence.step.wait.high))))});
      out.remedies.push_back(
          {"record a longer run if one of the two must be named",
           fmt::format("the interval is {} to {} of a step", percent_text(evidence.step.wait.low),
                       percent_text(evidence.step.wait.high))});
      break;
    default:
      if (slow_worker_leads(evidence)) help_slow_worker(c, out);
      if (ruling.ground == Ground::kConsumerLoads) more_workers(c, out);
      if (c.ruling.ground == Ground::kConsumerLoads || c.ruling.ground == Ground::kWorkers)
        help_asleep(c, out);
      help_machine(c, out);
      if (ruling.label != Label::kHandoffBound && c.has(Qualifier::kTooFewWorkers))
        more_workers(c, out);
      help_stragglers(c, out);
      help_stage(c, out);
  }
  help_start_up(c, out);
  say_unhelpful(c, out);
  return out;
}

}  // namespace datamon::report
