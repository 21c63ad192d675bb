#include "report/forecast/stage_splits.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "report/diagnosis_evidence.h"
#include "report/diagnosis_thresholds.h"

namespace datamon::report {
namespace {

void add(TimeParts& parts, const TimeSplit& split, bool reading) {
  const double blocked_s = sane_seconds(split.blocked_s);
  const double fault_s = std::min(sane_seconds(split.fault_s), blocked_s);
  parts.cpu += sane_seconds(split.cpu_s);
  parts.runqueue += sane_seconds(split.runqueue_s);
  parts.storage += reading ? blocked_s : fault_s;
  parts.delay += reading ? 0 : blocked_s - fault_s;
  parts.known = true;
}

// The usual ratio of waiting for a core to being on one: the median over the
// stages, by their CPU time. Cores that are shared make each second of work
// longer by the same factor.
double usual_wait(const std::array<TimeParts, kStageClasses>& of) {
  std::vector<std::pair<double, double>> ratios;  // ratio, CPU time
  double all_s = 0;
  for (const TimeParts& parts : of) {
    if (!(parts.cpu > 0)) continue;
    ratios.emplace_back(parts.runqueue / parts.cpu, parts.cpu);
    all_s += parts.cpu;
  }
  std::sort(ratios.begin(), ratios.end());
  double sum_s = 0;
  for (const auto& [ratio, cpu_s] : ratios)
    if (sum_s += cpu_s; sum_s >= all_s / 2) return ratio;
  return 0;
}

// A stage that waits for cores for longer than that pays for waking up: after it
// slept, or for having woken another. That goes with the stage, not with the load.
void keep_wake_ups(TimeParts& parts, double usual_wait, bool reading) {
  const double shared_s = std::min(parts.runqueue, parts.cpu * usual_wait);
  (reading && parts.storage > 0 ? parts.storage : parts.delay) += parts.runqueue - shared_s;
  parts.runqueue = shared_s;
}

void to_shares(TimeParts& parts) {
  const double sum = parts.cpu + parts.runqueue + parts.storage + parts.delay;
  if (!parts.known || !(sum > 0)) {
    parts = {};
    return;
  }
  parts.cpu /= sum;
  parts.runqueue /= sum;
  parts.storage /= sum;
  parts.delay /= sum;
}

}  // namespace

StageSplits splits_of(const Profile& profile, bool on_consumer) {
  StageSplits out;
  for (const StageProfile& stage : profile.stages) {
    if (stage.residence) continue;
    const bool reading = stage.stage_class == StageClass::kRead;
    const bool maker = makes_batches(stage.stage_class) && stage.on_consumer == on_consumer &&
                       stage.thread == HandoffThread::kNone;
    if (stage.on_consumer && stage.stage_class == StageClass::kHandoff) {
      // Blocked there is waiting for the batch.
      const TimeSplit& split = stage.split;
      out.receive_s += split.known ? sane_seconds(split.cpu_s) : sane_seconds(stage.self_s);
    }
    if (!stage.split.known) continue;
    if (maker) {
      add(out.of[index_of(stage.stage_class)], stage.split, reading);
      out.known = true;
    } else if (stage.on_consumer && (stage.stage_class == StageClass::kCompute ||
                                     stage.stage_class == StageClass::kTransfer)) {
      add(out.consumer, stage.split, false);
    }
  }
  out.usual_wait = usual_wait(out.of);
  for (std::size_t k = 0; k < kStageClasses; ++k) {
    keep_wake_ups(out.of[k], out.usual_wait, k == index_of(StageClass::kRead));
    to_shares(out.of[k]);
  }
  const double slept = out.consumer.delay;
  keep_wake_ups(out.consumer, out.usual_wait, false);
  const double woken = out.consumer.delay - slept;
  const TimeParts& parts = out.consumer;
  const double all = parts.cpu + parts.runqueue + parts.storage + parts.delay;
  if (all > 0) out.consumer_wakes = woken / all;
  to_shares(out.consumer);
  return out;
}

TimeParts guessed(StageClass stage_class, double page_cache_hits) {
  TimeParts parts;
  const bool from_storage =
      stage_class == StageClass::kRead && !(page_cache_hits >= thresholds::kCached);
  (from_storage ? parts.storage : parts.cpu) = 1;
  return parts;
}

}  // namespace datamon::report
