#include "report/diagnosis_makers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <string>
#include <utility>

#include "report/diagnosis_ranks.h"
#include "report/diagnosis_thresholds.h"
#include "report/median.h"
#include "report/text_units.h"

namespace datamon::report {
namespace {

namespace th = thresholds;

std::optional<Cost> cost_of(StageClass stage_class) {
  switch (stage_class) {
    case StageClass::kRead:
      return Cost::kRead;
    case StageClass::kDecode:
      return Cost::kDecode;
    case StageClass::kTransform:
      return Cost::kTransform;
    case StageClass::kCollate:
      return Cost::kCollate;
    case StageClass::kHandoff:
      return Cost::kHandoff;
    case StageClass::kFetch:
    case StageClass::kOther:
      return Cost::kUnnamed;
    case StageClass::kInit:      // start-up, told apart from the steady state
    case StageClass::kTransfer:  // the consumer's own
    case StageClass::kWait:
    case StageClass::kCompute:
    case StageClass::kGpu:
      return std::nullopt;
  }
  return std::nullopt;
}

std::size_t index(Cost cost) { return static_cast<std::size_t>(cost); }

// Residence between worker and consumer: nobody works on it.
bool is_queue(const StageProfile& stage) {
  return stage.stage_class == StageClass::kHandoff && stage.name == "queue";
}

// Work before the hand-off.
bool prepares_batches(StageClass stage_class) {
  return stage_class == StageClass::kRead || stage_class == StageClass::kDecode ||
         stage_class == StageClass::kTransform || stage_class == StageClass::kCollate ||
         stage_class == StageClass::kFetch;
}

// A helper thread's stage: it works beside the workers, one batch at a time.
bool is_pin_thread(const StageProfile& stage) {
  return stage.thread == HandoffThread::kPin ||
         (stage.stage_class == StageClass::kHandoff && stage.name == "pin" && !stage.on_consumer);
}

bool is_own_work_of_consumer(const StageProfile& stage) {
  return stage.on_consumer &&
         (stage.stage_class == StageClass::kCompute || stage.stage_class == StageClass::kTransfer);
}

// Work of the pin-memory thread; its receiving is waiting, too.
double pin_work_s(const StageProfile& stage) {
  if (stage.name != "receive") return sane_seconds(stage.self_s);
  return sane_seconds(stage.split.cpu_s) + sane_seconds(stage.split.runqueue_s);
}

// Without workers the work shows on the consumer's thread.
bool consumer_makes_batches(const Profile& profile) {
  double on_consumer = 0, elsewhere = 0;
  for (const StageProfile& stage : profile.stages)
    if (prepares_batches(stage.stage_class))
      (stage.on_consumer ? on_consumer : elsewhere) += sane_seconds(stage.self_s);
  return on_consumer > elsewhere;
}

// Does this job read from storage at all? Its own bytes decide; only where they
// are not known do the machine's readings speak for it.
bool storage_at_work(const Profile& profile) {
  const MachineProfile& machine = profile.machine;
  if (std::isfinite(machine.job_storage_bytes_per_s)) {
    const double items = std::max(finite_or(profile.items_per_s, 0), 0.0);
    return machine.job_storage_bytes_per_s > 0 &&
           machine.job_storage_bytes_per_s >= th::kStorageBytesAnItem * items;
  }
  return finite_or(machine.disk_busy_share, 0) >= th::kDiskAtWork ||
         finite_or(machine.psi_io_some, 0) >= th::kIoPressureAtWork;
}

// How much of a stage's exclusive time is reading that happens inside it. For
// `read` itself: all. Elsewhere page faults prove it; other sleep in a decoder
// or in dataset code may as well be a lock or a pipe, unless storage is at work.
double reading_part(const StageProfile& stage, Cost cost, bool storage) {
  const double self = sane_seconds(stage.self_s);
  if (cost == Cost::kRead) return self;
  if (!stage.split.known || cost == Cost::kHandoff) return 0;
  const bool any_block =
      storage && (cost == Cost::kDecode || stage.stage_class == StageClass::kFetch);
  return std::min(self, sane_seconds(any_block ? stage.split.blocked_s : stage.split.fault_s));
}

// Per class of stage: which part of its time is reading, and which on a core.
struct Conversion {
  double self = 0, reading = 0, cpu = 0, known = 0;
  double reading_share() const { return self > 0 ? reading / self : 0; }
  double cpu_share() const { return known > 0 ? std::min(1.0, cpu / known) : 1; }
};
using Conversions = std::array<Conversion, kStageClasses>;

struct MakerSums {
  Conversions by_class{};
  double cpu = 0, run_queue = 0, known_self = 0, self = 0;
  double blocked_send = 0;
};

void add_stage(const StageProfile& stage, bool storage, MakerEvidence& out, MakerSums& sums) {
  const auto cost = cost_of(stage.stage_class);
  if (!cost || is_queue(stage)) return;
  const double self = sane_seconds(stage.self_s);
  const double reading = reading_part(stage, *cost, storage);
  Conversion& conversion = sums.by_class[static_cast<std::size_t>(stage.stage_class)];
  conversion.self += self;
  conversion.reading += reading;
  out.wall[index(Cost::kRead)] += reading;
  out.wall[index(*cost)] += self - reading;
  if (stage.split.known && *cost != Cost::kRead)
    out.asleep[index(*cost)] +=
        std::clamp(sane_seconds(stage.split.blocked_s) - reading, 0.0, self - reading);
  if (*cost != Cost::kRead) out.moved_to_read_s += reading;
  if (self > out.heaviest_part_s[index(*cost)]) {
    out.heaviest_part_s[index(*cost)] = self;
    out.heaviest_part[index(*cost)] = stage.name;
  }
  sums.self += self;
  if (*cost == Cost::kHandoff) {
    sums.blocked_send += stage.split.known ? sane_seconds(stage.split.blocked_s) : self;
  }
  if (!stage.split.known) {
    out.cpu[index(*cost)] += self - reading;
    return;
  }
  sums.known_self += self;
  sums.cpu += sane_seconds(stage.split.cpu_s);
  sums.run_queue += sane_seconds(stage.split.runqueue_s);
  conversion.known += self;
  conversion.cpu += sane_seconds(stage.split.cpu_s);
  out.cpu[index(*cost)] += sane_seconds(stage.split.cpu_s);
}

void add_batches(const Profile& profile, const std::vector<double>& waits,
                 const Conversions& by_class, MakerEvidence& out) {
  std::vector<const BatchSample*> order;
  for (const BatchSample& batch : profile.batches) order.push_back(&batch);
  std::stable_sort(order.begin(), order.end(), [](const BatchSample* a, const BatchSample* b) {
    return std::pair(finite_or(a->start_s, 0), a->id) < std::pair(finite_or(b->start_s, 0), b->id);
  });
  for (const BatchSample* batch : order) {
    Costs wall{}, cpu{};
    for (std::size_t c = 0; c < kStageClasses; ++c) {
      const auto cost = cost_of(static_cast<StageClass>(c));
      if (!cost) continue;
      const double self = sane_seconds(batch->self_s[c]);
      const double reading = self * by_class[c].reading_share();
      wall[index(Cost::kRead)] += reading;
      wall[index(*cost)] += self - reading;
      cpu[index(*cost)] += self * by_class[c].cpu_share();
    }
    out.batches.push_back(wall);
    out.batches_cpu.push_back(cpu);
    out.batch_wait_s.push_back(waits[static_cast<std::size_t>(batch - profile.batches.data())]);
    out.feeder_of_batch_s.push_back(batch->feeder_s);
  }
}

std::string name_of(const WorkerProfile& worker, int ranks) {
  const std::string name = fmt::format("worker {}", worker.index);
  return ranks > 1 ? fmt::format("{} of rank {}", name, worker.rank) : name;
}

using PlaceKey = std::pair<std::uint32_t, int>;  // whom it works for, its number there
std::map<PlaceKey, std::vector<double>> lengths_ms(const Profile& profile) {
  std::map<PlaceKey, std::vector<double>> out;
  for (const BatchSample& batch : profile.batches)
    out[{batch.consumer, batch.worker}].push_back(sane_seconds(batch.end_s - batch.start_s) * 1e3);
  return out;
}

// That at least `longer` of `all` batches are longer than the median by chance.
double chance_of(std::size_t longer, std::size_t all) {
  const auto n = static_cast<double>(all);
  double log_ways = 0, sum = 0;  // of choosing k of n
  for (std::size_t k = 0; k <= all; ++k) {
    if (k >= longer) sum += std::exp(log_ways - n * std::log(2.0));
    log_ways += std::log((n - static_cast<double>(k)) / (static_cast<double>(k) + 1));
  }
  return std::min(1.0, sum);
}

// Is a worker whose median is that much longer than the others' slow, or were the few
// batches that are known of it dear ones? The more workers, the sooner one has those.
bool is_no_chance(const std::vector<double>& own_ms, double others_ms, std::size_t workers) {
  const auto longer =
      std::count_if(own_ms.begin(), own_ms.end(), [&](double ms) { return ms > others_ms; });
  return chance_of(static_cast<std::size_t>(longer), own_ms.size()) *
             static_cast<double>(workers) <=
         th::kByChance;
}

void add_workers(const Profile& profile, const MakerSums& sums, MakerEvidence& out) {
  out.workers = static_cast<int>(profile.workers.size());
  out.ahead = static_cast<double>(workers_each(profile)) *
              (profile.job.prefetch > 0 ? profile.job.prefetch : kUsualPrefetch);
  double alive = 0, busy = 0, cpu = 0, fed = 0, feeding = 0;
  std::vector<double> medians;
  for (const WorkerProfile& worker : profile.workers) {
    alive += sane_seconds(worker.alive_s);
    busy += std::min(sane_seconds(worker.busy_s), sane_seconds(worker.alive_s));
    cpu += sane_seconds(worker.cpu_s);
    if (worker.has_feeder) {
      fed += sane_seconds(worker.alive_s);
      feeding += std::min(sane_seconds(worker.feeder_busy_s), sane_seconds(worker.alive_s));
    }
    if (sane_seconds(worker.batch_p50_ms) > 0) medians.push_back(sane_seconds(worker.batch_p50_ms));
  }
  if (!(alive > 0)) return;
  if (fed > 0) out.feeder_busy_share = std::clamp(feeding / fed, 0.0, 1.0);
  out.busy_share = std::clamp(busy / alive, 0.0, 1.0);
  out.work_share = std::clamp((busy - sums.blocked_send) / alive, 0.0, 1.0);
  out.cores_per_worker = std::clamp(cpu / alive, 0.0, 1.0);
  if (medians.size() < 2) return;
  auto lengths = lengths_ms(profile);
  for (const WorkerProfile& worker : profile.workers) {
    std::vector<double> others = medians;
    const double own = sane_seconds(worker.batch_p50_ms);
    const auto self = std::find(others.begin(), others.end(), own);
    if (!(own > 0) || self == others.end()) continue;
    others.erase(self);
    const double usual = median(std::move(others));
    const double factor = usual > 0 ? own / usual : 1;
    const bool slower = factor > out.slow_worker_factor ||
                        (factor == out.slow_worker_factor &&
                         std::pair(worker.consumer, worker.index) <
                             std::pair(out.slow_worker_consumer, out.slow_worker));
    if (factor < th::kSlowWorker || !slower) continue;
    if (!is_no_chance(lengths[{worker.consumer, worker.index}], usual, medians.size())) continue;
    out.slow_worker = worker.index;
    out.slow_worker_consumer = worker.consumer;
    out.slow_worker_name = name_of(worker, profile.job.ranks);
    out.slow_worker_factor = factor;
  }
}

// Where a worker and its feeder are both at their limit they take turns (a GIL):
// a batch then costs the work of both.
void add_feeders(MakerEvidence& out) {
  out.takes_turns = out.feeder_busy_share && out.busy_share &&
                    *out.feeder_busy_share >= th::kWorkersBusy &&
                    *out.busy_share >= th::kWorkersBusy;
  if (!out.takes_turns) return;
  out.wall[index(Cost::kHandoff)] += out.feeder_s;
  out.cpu[index(Cost::kHandoff)] += out.feeder_s;
  out.heaviest_part[index(Cost::kHandoff)] = "the feeder thread";
  for (std::size_t i = 0; i < out.batches.size(); ++i) {
    const double feeder_s = sane_seconds(out.feeder_of_batch_s[i]);
    out.batches[i][index(Cost::kHandoff)] += feeder_s;
    out.batches_cpu[i][index(Cost::kHandoff)] += feeder_s;
  }
}

// Few items far above the median, by the distribution of one fetch.
void add_item_tail(const Profile& profile, MakerEvidence& out) {
  for (const StageProfile& stage : profile.stages) {
    if (stage.stage_class != StageClass::kFetch || stage.count < th::kManyBatches) continue;
    const double mean = sane_seconds(stage.wall_s) / static_cast<double>(stage.count);
    const double p50 = sane_seconds(stage.p50_ms) * 1e-3;
    const double p99 = sane_seconds(stage.p99_ms) * 1e-3,
                 longest = sane_seconds(stage.max_ms) * 1e-3;
    if (!(mean > 0) || !(p50 > 0)) continue;
    const double work = std::max(0.0, 1 - p50 / mean);
    const bool tail = p99 >= th::kTailP99 * p50 || longest >= th::kTailMax * p50;
    // Of two kinds of items the dearer one is not few of the other.
    const bool few = sane_seconds(stage.far_share) <= th::kStragglersFew;
    if (!tail || !few || work < th::kStragglerWork || work < out.straggler_work_share) continue;
    out.item_tail = true;
    out.straggler_work_share = work;
    out.item_p50_s = p50;
    out.item_max_s = longest;
  }
}

}  // namespace

StageClass stage_class(Cost cost) {
  constexpr StageClass kClasses[kCosts] = {StageClass::kRead,      StageClass::kDecode,
                                           StageClass::kTransform, StageClass::kCollate,
                                           StageClass::kHandoff,   StageClass::kFetch};
  return kClasses[index(cost)];
}

const char* to_string(Cost cost) {
  constexpr const char* kNames[kCosts] = {"read",    "decode",   "transform",
                                          "collate", "hand-off", "unnamed dataset code"};
  return kNames[index(cost)];
}

MakerEvidence maker_evidence(const Profile& profile, const std::vector<double>& waits) {
  MakerEvidence out;
  out.on_consumer = consumer_makes_batches(profile);
  const bool storage = storage_at_work(profile);
  MakerSums sums;
  double consumer_s = 0, consumer_queue_s = 0;
  for (const StageProfile& stage : profile.stages) {
    const bool receives = stage.on_consumer && !out.on_consumer && !is_queue(stage) &&
                          stage.stage_class == StageClass::kHandoff;
    if (stage.split.known && (receives || (is_pin_thread(stage) && stage.name == "receive")))
      out.receive_asleep_s += sane_seconds(stage.split.blocked_s);
    if (stage.split.known && is_own_work_of_consumer(stage)) {
      consumer_s += sane_seconds(stage.self_s);
      consumer_queue_s += sane_seconds(stage.split.runqueue_s);
    }
    if (is_pin_thread(stage))
      out.pin_s += pin_work_s(stage);
    else if (stage.thread == HandoffThread::kFeeder)
      out.feeder_s += sane_seconds(stage.self_s);
    else if (receives)
      out.receive_s += sane_seconds(stage.self_s);
    else if (stage.on_consumer == out.on_consumer)
      add_stage(stage, storage, out, sums);
  }
  if (const double steady_s = sane_seconds(profile.consumer.steady_s); steady_s > 0)
    out.pin_busy_share = out.pin_s / steady_s;
  if (consumer_s > 0) out.consumer_run_queue_share = std::min(1.0, consumer_queue_s / consumer_s);
  out.split_known = sums.self > 0 && sums.known_self >= 0.5 * sums.self;
  const double running = sums.cpu + sums.run_queue;
  out.run_queue_share = sums.known_self > 0 ? std::min(1.0, sums.run_queue / sums.known_self) : 0;
  out.crowded_share = running > 0 ? sums.run_queue / running : 0;
  add_batches(profile, waits, sums.by_class, out);
  add_workers(profile, sums, out);
  add_feeders(out);
  add_item_tail(profile, out);
  return out;
}

}  // namespace datamon::report
