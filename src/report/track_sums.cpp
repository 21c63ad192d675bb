#include "report/track_sums.h"

#include <algorithm>
#include <cmath>

namespace datamon::report {
namespace {

using format::Cell;

// Damaged counters must not wrap round to small ones.
std::uint64_t capped_sum(std::uint64_t a, std::uint64_t b) {
  return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

std::uint64_t part_of(std::uint64_t whole, double share) {
  if (share <= 0) return 0;
  if (share >= 1) return whole;
  return static_cast<std::uint64_t>(
      std::min(std::round(static_cast<double>(whole) * share), 1.8e19));
}

struct Parts {
  std::uint64_t count, bytes, sampled_count;
  double count_share, time_share;
  std::uint64_t max_ticks;
};

void add_cell(StageSums& to, const Cell& cell, const Parts& parts, double seconds_per_tick) {
  const double time_s = seconds_per_tick * parts.time_share;
  const double time_ns = 1e-9 * parts.time_share;
  to.count = capped_sum(to.count, parts.count);
  to.bytes = capped_sum(to.bytes, parts.bytes);
  to.wall_s += static_cast<double>(cell.wall_ticks) * time_s;
  to.self_s += static_cast<double>(cell.self_ticks) * time_s;
  to.sampled_count = capped_sum(to.sampled_count, parts.sampled_count);
  to.sampled_self_s += static_cast<double>(cell.sampled_self_ns) * time_ns;
  to.sampled_cpu_s += static_cast<double>(cell.cpu_ns) * time_ns;
  to.sampled_runqueue_s += static_cast<double>(cell.runqueue_ns) * time_ns;
  to.sampled_fault_s += static_cast<double>(cell.fault_ns) * time_ns;
  to.durations.add(cell, seconds_per_tick, parts.count_share, parts.max_ticks);
}

// The consumer's own stages belong to whichever loader it is taking from.
bool belongs(const LoaderTrack& track, const StageFacts& facts, int loader) {
  if (loader_of(facts, *track.track) == loader) return true;
  const bool own = facts.stage_class == StageClass::kCompute ||
                   facts.stage_class == StageClass::kTransfer ||
                   facts.stage_class == StageClass::kOther || facts.stage_class == StageClass::kGpu;
  return track.kind == TrackKind::kConsumer && own && facts.loader == 0;
}

}  // namespace

void StageSums::add(const StageSums& other) {
  count = capped_sum(count, other.count);
  bytes = capped_sum(bytes, other.bytes);
  wall_s += other.wall_s;
  self_s += other.self_s;
  sampled_count = capped_sum(sampled_count, other.sampled_count);
  sampled_self_s += other.sampled_self_s;
  sampled_cpu_s += other.sampled_cpu_s;
  sampled_runqueue_s += other.sampled_runqueue_s;
  sampled_fault_s += other.sampled_fault_s;
  durations.add(other.durations);
}

TrackSums sum_track(const LoaderTrack& track, int loader, const Stretches& steady) {
  TrackSums sums;
  sums.track = &track;
  const double seconds_per_tick = track.axis.seconds_per_tick();
  const SteadyShares shares(track, steady);
  for (const Cell* cell : track.track->cells) {
    if (cell->count == 0 || !belongs(track, facts_of(*track.stages, cell->stage), loader)) continue;
    const CellShare share = shares.of(*cell);
    const Parts in = {part_of(cell->count, share.count),
                      part_of(cell->bytes, share.count),
                      part_of(cell->sampled_count, share.count),
                      share.count,
                      share.time,
                      share.steady_max_ticks};
    const Parts out = {
        cell->count - in.count, cell->bytes - in.bytes, cell->sampled_count - in.sampled_count,
        1 - share.count,        1 - share.time,         share.rest_max_ticks};
    if (share.count > 0) add_cell(sums.steady[cell->stage], *cell, in, seconds_per_tick);
    if (share.count < 1) add_cell(sums.rest[cell->stage], *cell, out, seconds_per_tick);
  }
  return sums;
}

double spent_elsewhere(const LoaderTrack& track, int loader, const Stretches& steady,
                       bool compute) {
  double sum_s = 0;
  const SteadyShares shares(track, steady);
  for (const Cell* cell : track.track->cells) {
    const StageFacts& facts = facts_of(*track.stages, cell->stage);
    const bool counts = facts.stage_class == StageClass::kWait ||
                        facts.stage_class == StageClass::kInit ||
                        (compute && facts.stage_class == StageClass::kCompute);
    if (cell->count == 0 || !counts || loader_of(facts, *track.track) == loader) continue;
    sum_s += track.axis.lasting(cell->wall_ticks) * shares.of(*cell).time;
  }
  return sum_s;
}

TimeSplit scaled_split(const StageSums& sums, const StageSums& fallback) {
  TimeSplit split;
  const StageSums& read = sums.sampled_self_s > 0 ? sums : fallback;
  if (!(read.sampled_self_s > 0)) return split;
  split.known = true;
  const double scale = sums.self_s / read.sampled_self_s;
  double cpu_s = read.sampled_cpu_s * scale, runqueue_s = read.sampled_runqueue_s * scale;
  // The kernel's clocks and ours differ by a little; the parts must add up.
  if (const double excess = (cpu_s + runqueue_s) / std::max(sums.self_s, 1e-300); excess > 1) {
    cpu_s /= excess;
    runqueue_s /= excess;
  }
  split.cpu_s = cpu_s;
  split.runqueue_s = runqueue_s;
  split.blocked_s = std::max(0.0, sums.self_s - cpu_s - runqueue_s);
  split.fault_s = std::min(read.sampled_fault_s * scale, split.blocked_s);
  split.measured_share = sums.self_s > 0 ? std::min(1.0, sums.sampled_self_s / sums.self_s) : 1.0;
  return split;
}

void add_split(TimeSplit& to, const TimeSplit& split) {
  to.known = to.known || split.known;
  to.cpu_s += split.cpu_s;
  to.runqueue_s += split.runqueue_s;
  to.blocked_s += split.blocked_s;
  to.fault_s += split.fault_s;
}

double busy_seconds(const TrackSums& sums, const std::map<std::uint16_t, StageSums>& part) {
  double busy_s = 0;
  for (const auto& [stage, stage_sums] : part)
    if (is_work(facts_of(*sums.track->stages, stage))) busy_s += stage_sums.self_s;
  return busy_s;
}

void MadeCounts::add(const MadeCounts& other) {
  for (int i = 0; i < kStageClasses; ++i) spans[i] = capped_sum(spans[i], other.spans[i]);
  sends = capped_sum(sends, other.sends);
}

std::uint64_t MadeCounts::batches() const {
  const std::uint64_t collated = spans[static_cast<int>(StageClass::kCollate)];
  return collated > 0 ? collated : sends;
}

std::uint64_t MadeCounts::items(int noted_batch_size) const {
  const std::uint64_t made = batches();
  for (const StageClass one_by_one :
       {StageClass::kFetch, StageClass::kDecode, StageClass::kRead, StageClass::kTransform}) {
    const std::uint64_t count = spans[static_cast<int>(one_by_one)];
    if (count > made + made / 2) return count;
  }
  return noted_batch_size > 0 ? made * static_cast<std::uint64_t>(noted_batch_size) : made;
}

MadeCounts count_made(const TrackSums& sums, const std::map<std::uint16_t, StageSums>& part) {
  MadeCounts made;
  for (const auto& [stage, stage_sums] : part) {
    const StageFacts& facts = facts_of(*sums.track->stages, stage);
    std::uint64_t& count = made.spans[static_cast<int>(facts.stage_class)];
    count = std::max(count, stage_sums.count);
    if (stage == builtin::kSend) made.sends = stage_sums.count;
  }
  return made;
}

}  // namespace datamon::report
