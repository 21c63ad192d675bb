// The table of stages, steady and not.
#include <algorithm>
#include <map>
#include <tuple>

#include "report/profile_parts.h"

namespace datamon::report {
namespace {

// From this multiple of the median on a span is far above it.
constexpr double kFarFactor = 2;

using Part = std::map<std::uint16_t, StageSums> TrackSums::*;

// What makes two spans of different files the same stage.
struct StageKey {
  std::string name;
  StageClass stage_class;
  bool on_consumer;
  HandoffThread thread;
  bool operator<(const StageKey& other) const {
    return std::tie(name, stage_class, on_consumer, thread) <
           std::tie(other.name, other.stage_class, other.on_consumer, other.thread);
  }
};

struct StageTotal {
  StageSums sums;
  std::vector<const StageSums*> tracks;
  std::uint16_t id = UINT16_MAX;  // smallest that any file gave it: built-in ones first
  bool residence = false;
};

std::map<StageKey, StageTotal> totals(const Analysis& analysis, Part part) {
  std::map<StageKey, StageTotal> result;
  for (const TrackSums& track : analysis.sums) {
    for (const auto& [id, sums] : track.*part) {
      if (sums.count == 0) continue;
      const Stage* stage = track.track->process->stage(id);
      if (stage == nullptr) continue;
      const StageFacts& facts = facts_of(*track.track->stages, id);
      const bool on_consumer = track.track->kind == TrackKind::kConsumer;
      StageTotal& total =
          result[{stage->name, facts.stage_class, on_consumer, track.track->handoff}];
      total.sums.add(sums);
      total.tracks.push_back(&sums);
      total.id = std::min(total.id, id);
      total.residence = facts.residence;
    }
  }
  return result;
}

StageProfile to_profile(const StageKey& key, const StageTotal& total) {
  StageProfile stage;
  stage.name = key.name;
  stage.stage_class = key.stage_class;
  stage.on_consumer = key.on_consumer;
  stage.thread = key.thread;
  stage.residence = total.residence;
  stage.count = total.sums.count;
  stage.wall_s = total.sums.wall_s;
  stage.self_s = total.sums.self_s;
  stage.bytes = total.sums.bytes;
  stage.p50_ms = total.sums.durations.quantile_s(0.50) * 1e3;
  stage.p99_ms = total.sums.durations.quantile_s(0.99) * 1e3;
  stage.max_ms = total.sums.durations.max_s() * 1e3;
  stage.far_share = total.sums.durations.share_above(kFarFactor * stage.p50_ms * 1e-3);
  for (const StageSums* track : total.tracks)
    add_split(stage.split, scaled_split(*track, total.sums));
  if (stage.split.known) {
    stage.split.measured_share =
        stage.self_s > 0 ? std::min(1.0, total.sums.sampled_self_s / stage.self_s) : 1.0;
  }
  return stage;
}

// Receiving is waiting, too.
bool waits_for_batches(const StageProfile& stage) {
  return stage.thread == HandoffThread::kPin && stage.name == "receive";
}

// Time of a stage that goes into making batches.
double making_time(const StageProfile& stage) {
  if (!makes_batches(stage.stage_class) || stage.residence) return 0;
  if (stage.stage_class != StageClass::kHandoff) return stage.self_s;
  const double running_s = stage.split.cpu_s + stage.split.runqueue_s;
  if (stage.on_consumer || waits_for_batches(stage)) return running_s;
  const bool beside = stage.thread != HandoffThread::kNone && stage.split.known;
  return beside ? running_s : stage.self_s;
}

void set_shares(std::vector<StageProfile>& stages) {
  double sum = 0;
  for (const StageProfile& stage : stages) sum += making_time(stage);
  if (!(sum > 0)) return;
  for (StageProfile& stage : stages) stage.share = making_time(stage) / sum;
}

// In the order in which data passes; stages of no class at the end.
std::tuple<int, std::uint16_t, std::string, bool, HandoffThread> place(const StageKey& key,
                                                                       const StageTotal& total) {
  const int order =
      key.stage_class == StageClass::kOther ? kStageClasses : static_cast<int>(key.stage_class);
  return {order, std::min(total.id, builtin::kFirstUser), key.name, key.on_consumer, key.thread};
}

std::vector<StageProfile> stage_table(const Analysis& analysis, Part part) {
  const auto all = totals(analysis, part);
  std::vector<const std::pair<const StageKey, StageTotal>*> order;
  for (const auto& entry : all) order.push_back(&entry);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return place(a->first, a->second) < place(b->first, b->second);
  });
  std::vector<StageProfile> stages;
  for (const auto* entry : order) stages.push_back(to_profile(entry->first, entry->second));
  set_shares(stages);
  return stages;
}

void set_self(StageProfile& stage, double self_s) {
  const double by = stage.self_s > 0 ? self_s / stage.self_s : 0;
  for (double* part :
       {&stage.split.cpu_s, &stage.split.runqueue_s, &stage.split.blocked_s, &stage.split.fault_s})
    *part *= by;
  stage.split.known = stage.split.known && stage.self_s > 0;
  stage.self_s = self_s;
}

// The stages of the consumer's thread, by where in a step they lie.
struct LoopStages {
  StageProfile* wait = nullptr;  // of several none: what is inside of which is not known
  StageProfile* compute = nullptr;
  double inside_s = 0;  // what makes or receives batches: inside of the waits
  double beside_s = 0;  // the rest, without compute itself
};

LoopStages loop_stages(std::vector<StageProfile>& stages) {
  LoopStages loop;
  int waits = 0;
  for (StageProfile& stage : stages) {
    if (!stage.on_consumer || stage.residence || stage.stage_class == StageClass::kInit ||
        stage.stage_class == StageClass::kGpu)
      continue;
    if (stage.stage_class == StageClass::kWait)
      loop.wait = ++waits == 1 ? &stage : nullptr;
    else if (makes_batches(stage))
      loop.inside_s += stage.self_s;
    else if (stage.stage_class == StageClass::kCompute && stage.name == "compute")
      loop.compute = &stage;
    else
      loop.beside_s += stage.self_s;
  }
  return loop;
}

// Wait and compute of the very steps that the consumer's sums are of, so that the
// loop's stages add up to them. By themselves they do not: behind the turn of an epoch
// the compute of a step is steady and its wait is not, and of a window that the start-up
// ends in, only the whole length of single waits is known and not what was inside.
void fit_to_steps(Profile& profile) {
  const ConsumerProfile& consumer = profile.consumer;
  if (!(consumer.steady_s > 0)) return;
  const LoopStages loop = loop_stages(profile.stages);
  double outside_s = 0;  // of the waits, although it makes batches
  if (loop.wait != nullptr) {
    set_self(*loop.wait, std::max(0.0, consumer.wait_s - loop.inside_s));
    outside_s = std::max(0.0, loop.inside_s - consumer.wait_s);
  }
  if (loop.compute == nullptr) return;
  StageProfile& compute = *loop.compute;
  const double rest_s =
      consumer.steady_s - consumer.wait_s - consumer.other_wait_s - loop.beside_s - outside_s;
  if (rest_s < compute.self_s) {
    const double nested_s = std::max(0.0, compute.wall_s - compute.self_s);
    set_self(compute, std::max(0.0, rest_s));
    compute.wall_s = compute.self_s + nested_s;
  }
  if (compute.count > consumer.steps || compute.count <= consumer.steady_steps) return;
  // One a step: the others are of steps that are not steady as a whole.
  const std::uint64_t others = compute.count - consumer.steady_steps;
  compute.count = consumer.steady_steps;
  for (StageProfile& other : profile.start_up_stages) {
    if (!other.on_consumer || other.name != compute.name) continue;
    other.count += others;
    return;
  }
  StageProfile other;
  other.name = compute.name;
  other.stage_class = compute.stage_class;
  other.on_consumer = true;
  other.count = others;
  profile.start_up_stages.push_back(other);
}

}  // namespace

void fill_stages(Profile& profile, const Analysis& analysis) {
  profile.stages = stage_table(analysis, &TrackSums::steady);
  profile.start_up_stages = stage_table(analysis, &TrackSums::rest);
  fit_to_steps(profile);
}

}  // namespace datamon::report
