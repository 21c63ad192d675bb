// The consumer's steps: who made the batch that each took, and what they sum up to.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "report/profile_parts.h"

namespace datamon::report {
namespace {

// Clocks of two processes of one machine agree to well within this.
constexpr double kClockTolerance_s = 1e-4;

// Where a batch came from.
struct HandOver {
  std::uint64_t id;
  double made_s;
  double ready_s;  // <0: unknown
  std::uint64_t pid_tid;
  bool taken = false;

  bool operator<(const HandOver& other) const {
    return id != other.id ? id < other.id : made_s < other.made_s;
  }
};

// Of one consumer.
struct HandOvers {
  std::vector<HandOver> all;  // sorted
  std::size_t places = 0;     // of workers: each may count its batches for itself
};

HandOvers hand_overs(const Analysis& analysis, std::size_t consumer) {
  HandOvers found;
  std::set<int> places;
  for (const TrackBatches& made : analysis.batches) {
    if (made.track->kind != TrackKind::kWorker || made.track->consumer != consumer) continue;
    places.insert(made.track->index);
    const std::uint64_t pid_tid =
        std::uint64_t{made.track->process->header.pid} << 32 | made.track->track->record.tid;
    for (const BatchSample& batch : made.batches)
      if (batch.id != format::kNoId)
        found.all.push_back({batch.id, batch.end_s, batch.ready_s, pid_tid});
  }
  std::sort(found.all.begin(), found.all.end());
  found.places = places.size();
  return found;
}

// Batch numbers may start again with each epoch: the latest one of that number that was
// made before the wait ended is meant. A batch is taken once: where a worker's single
// spans were not kept, one of an earlier epoch is not meant. Steps come in order.
const HandOver* maker_of(HandOvers& hand_overs, const RawStep& step) {
  const HandOver last{step.id, step.wait_end_s + kClockTolerance_s, 0, 0};
  auto at = std::upper_bound(hand_overs.all.begin(), hand_overs.all.end(), last);
  for (std::size_t i = 0; i < hand_overs.places && at != hand_overs.all.begin(); ++i) {
    --at;
    if (at->id != step.id) return nullptr;
    if (at->taken) continue;
    at->taken = true;
    return &*at;
  }
  return nullptr;
}

Step to_step(const RawStep& raw, bool steady, std::size_t consumer, const HandOver* maker) {
  Step step;
  step.start_s = raw.start_s;
  step.wait_s = raw.wait();
  step.transfer_s = std::max(0.0, raw.transfer_s);
  step.other_wait_s = std::max(0.0, raw.other_s);
  step.compute_s = std::max(0.0, raw.length() - step.wait_s - step.transfer_s - step.other_wait_s);
  step.batch = raw.id;
  step.worker_pid_tid = maker != nullptr ? maker->pid_tid : 0;
  step.ready_s = maker != nullptr ? maker->ready_s : -1;
  step.consumer = static_cast<std::uint32_t>(consumer);
  step.steady = steady;
  return step;
}

struct ConsumerSums {
  std::uint64_t steady_steps = 0;
  double steady_s = 0, wait_s = 0, transfer_s = 0, other_wait_s = 0;
};

// Where every step is known one by one.
ConsumerSums sum_steps(const ConsumerSteps& steps, const ConsumerPhases& phases) {
  ConsumerSums sums;
  for (std::size_t i = 0; i < steps.steps.size(); ++i) {
    if (!phases.is_steady[i]) continue;
    const RawStep& step = steps.steps[i];
    ++sums.steady_steps;
    sums.steady_s += step.length();
    sums.wait_s += step.wait();
    sums.transfer_s += std::max(0.0, step.transfer_s);
    sums.other_wait_s += std::max(0.0, step.other_s);
  }
  return sums;
}

// Where spans in the middle of a long run were not kept: the exact sums.
ConsumerSums sum_cells(const Analysis& analysis, std::size_t consumer) {
  const Stretches& steady = analysis.phases[consumer].steady;
  ConsumerSums sums;
  sums.steady_s = total(steady);
  for (const TrackSums& track : analysis.sums) {
    if (track.track->kind != TrackKind::kConsumer || track.track->consumer != consumer) continue;
    for (const auto& [stage, stage_sums] : track.steady) {
      const StageClass stage_class = facts_of(*track.track->stages, stage).stage_class;
      if (stage_class == StageClass::kWait) {
        sums.steady_steps += stage_sums.count;
        sums.wait_s += stage_sums.wall_s;
      } else if (stage_class == StageClass::kTransfer) {
        sums.transfer_s += stage_sums.self_s;
      }
    }
    sums.other_wait_s += spent_elsewhere(*track.track, analysis.tracks.loader, steady,
                                         analysis.steps[consumer].nested_only());
  }
  return sums;
}

std::uint64_t all_waits(const TrackSums& track) {
  std::uint64_t count = 0;
  for (const auto* part : {&track.steady, &track.rest})
    for (const auto& [stage, sums] : *part)
      if (facts_of(*track.track->stages, stage).stage_class == StageClass::kWait)
        count += sums.count;
  return count;
}

}  // namespace

int consumers_at_once(const Analysis& analysis, bool processes) {
  std::map<const void*, Stretch> taking;
  for (std::size_t c = 0; c < analysis.tracks.consumers.size(); ++c) {
    const LoaderTrack& track = analysis.tracks.consumers[c];
    const auto& steps = analysis.steps[c].steps;
    if (steps.empty()) continue;
    const void* who = processes ? static_cast<const void*>(track.process) : &track;
    Stretch& stretch =
        taking.try_emplace(who, Stretch{steps.front().start_s, steps.back().end_s}).first->second;
    stretch.from_s = std::min(stretch.from_s, steps.front().start_s);
    stretch.to_s = std::max(stretch.to_s, steps.back().end_s);
  }
  std::vector<std::pair<double, int>> turns;  // who ends at a moment is gone before one begins
  for (const auto& [who, stretch] : taking) {
    turns.emplace_back(stretch.from_s, 1);
    turns.emplace_back(stretch.to_s, -1);
  }
  std::sort(turns.begin(), turns.end());
  int now = 0, most = 0;
  for (const auto& [at_s, change] : turns) most = std::max(most, now += change);
  return most;
}

void fill_consumer(Profile& profile, const Analysis& analysis) {
  ConsumerProfile& consumer = profile.consumer;
  consumer.present = !analysis.tracks.consumers.empty();
  bool any_step = false;
  for (std::size_t c = 0; c < analysis.tracks.consumers.size(); ++c) {
    const ConsumerSteps& steps = analysis.steps[c];
    const ConsumerPhases& phases = analysis.phases[c];
    ConsumerSums sums = steps.complete ? sum_steps(steps, phases) : sum_cells(analysis, c);
    if (!steps.complete && analysis.transfer_share[c])
      sums.transfer_s = *analysis.transfer_share[c] * sums.steady_s;
    const std::uint64_t waits = all_waits(analysis.sums[c]);
    consumer.steps += waits - std::min(waits, steps.without_batch);
    consumer.steady_steps += sums.steady_steps;
    consumer.steady_s += sums.steady_s;
    consumer.wait_s += sums.wait_s;
    consumer.transfer_s += sums.transfer_s;
    consumer.other_wait_s += sums.other_wait_s;
    HandOvers made = hand_overs(analysis, c);
    std::vector<Step> kept;
    for (std::size_t i = 0; i < steps.steps.size(); ++i) {
      const RawStep& raw = steps.steps[i];
      if (raw.no_batch) continue;
      kept.push_back(to_step(raw, phases.is_steady[i], c, maker_of(made, raw)));
    }
    if (!kept.empty()) {
      const double first = kept.front().start_s + kept.front().wait_s - phases.begin_s;
      consumer.first_batch_s = any_step ? std::min(consumer.first_batch_s, first) : first;
      any_step = true;
    }
    keep_ends(kept, kMostSteps / analysis.tracks.consumers.size());
    consumer.step.insert(consumer.step.end(), kept.begin(), kept.end());
  }
  consumer.compute_s = std::max(
      0.0, consumer.steady_s - consumer.wait_s - consumer.transfer_s - consumer.other_wait_s);
  std::stable_sort(consumer.step.begin(), consumer.step.end(),
                   [](const Step& a, const Step& b) { return a.start_s < b.start_s; });
}

}  // namespace datamon::report
