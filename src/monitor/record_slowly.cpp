#include "monitor/record_slowly.h"

#include "monitor/clock.h"
#include "monitor/probe.h"
#include "monitor/slow_path.h"
#include "monitor/stage_registry.h"

namespace datamon::monitor {

Place prepare_place(Track& track, std::uint64_t stage) {
  const Place at = place_for(track, stage);
  if (is_found(at)) return at;
  const SlowPath slow;
  if (!slow) return at;
  if (track.cells[stage] == nullptr) find_cell(track, static_cast<datamon_stage>(stage));
  if (track.span_index >= format::kSpansPerBlock) next_span_block(track);
  return place_for(track, stage);
}

void consider_slow(Track& track, std::uint64_t bytes, const char* name, std::size_t name_bytes) {
  const std::uint32_t index = load_relaxed(track.span_index);
  if (index == 0) return;
  const format::SpanRecord span = track.block->spans[index - 1];
  const std::uint32_t stage_class = class_of_stage(span.stage);
  if (stage_class != DATAMON_CLASS_OTHER &&
      (stage_class < DATAMON_CLASS_FETCH || stage_class > DATAMON_CLASS_TRANSFORM))
    return;
  if (stage_class != DATAMON_CLASS_FETCH) {
    for (std::uint32_t d = 0; d < span.depth; ++d) {
      const auto outer = static_cast<datamon_stage>(track.frames[d + 1].stage);
      if (class_of_stage(outer) == DATAMON_CLASS_FETCH) return;
    }
  }
  const SlowPath slow;
  if (slow) keep_slow(track, span, bytes, {name, name != nullptr ? name_bytes : 0});
}

namespace {

// One level of an end that went the slow way: with readings if they are taken.
void close_slowly(Track& track, std::uint32_t depth, std::uint64_t now, std::uint64_t id,
                  std::uint64_t bytes, const char* name, std::size_t name_bytes) {
  SpanSplit split;
  const bool sampled = track.split->take(depth, split);
  const std::uint64_t stage = track.frames[depth + 1].stage;
  const Place at = prepare_place(track, stage);
  if (!is_found(at)) {
    track.depth = depth;
    return count_dropped();
  }
  const std::uint64_t duration =
      close_span(track, at, depth, now, sampled ? format::kSpanSampled : 0, id, bytes);
  if (sampled) {
    format::Cell& cell = *at.cell;
    bump(cell.sampled_count, std::uint64_t{1});
    bump(cell.sampled_self_ns, split.wall_ns);
    bump(cell.cpu_ns, split.cpu_ns);
    bump(cell.runqueue_ns, split.runqueue_ns);
    bump(cell.fault_ns, split.fault_ns);
    bump(cell.major_faults, split.major_faults);
  }
  if (duration > track.slow_threshold && id != DATAMON_NO_ID)
    consider_slow(track, bytes, name, name_bytes);
}

// Stops taking readings; `depth` is that of the next units.
void end_unit(Track& track, std::uint32_t depth, std::uint64_t now) {
  track.split->end_unit();
  track.skip = track.split->next_skip(now);
  track.unit_depth = depth;
  arm_window(track);
}

// True if `handle` is an open span of the track.
inline bool is_open(const Track& track, std::uint64_t handle) {
  const auto depth = static_cast<std::uint32_t>(handle % kMaxDepth);
  return depth < track.depth && track.frames[depth + 1].handle == handle;
}

// When the span at `depth` is over, if it seemed to be at `now`: an experiment may make
// it longer.
std::uint64_t delay_for_probe(Track& track, std::uint32_t depth, std::uint64_t now) {
  if (!probe_span_end(track, depth) || track.depth != depth + 1) return now;
  const SlowPath slow;
  if (slow) track.split->boundary(depth);
  return clock_now();
}

}  // namespace

void end_slowly(std::uint64_t handle, std::uint64_t now, std::uint64_t id, std::uint64_t bytes,
                const char* name, std::size_t name_bytes) {
  if (handle == 0) return;  // refused at its begin
  Track* track = nullptr;
  {
    const SlowPath slow;
    if (!slow) return;
    track = usable_track();
    if (track == nullptr) return;
    if (!is_open(*track, handle)) return count_mismatch();
    if (now >= track->cell_store.window_end()) advance_window(*track, now);
    if (track->split->active()) {
      track->split->boundary(track->depth - 1);
      now = track->split->end_of_span(now);
    }
  }
  const auto depth = static_cast<std::uint32_t>(handle % kMaxDepth);
  if (probe_is_on() && track->split->active() && track->depth == depth + 1)
    now = delay_for_probe(*track, depth, now);
  while (track->depth > depth + 1)
    close_slowly(*track, track->depth - 1, now, DATAMON_NO_ID, 0, nullptr, 0);
  close_slowly(*track, depth, now, id, bytes, name, name_bytes);
  if (!track->split->active()) return;
  if (depth <= track->split->unit_depth()) {
    end_unit(*track, depth, now);
  } else if (track->split->too_dear()) {
    end_unit(*track, depth, now);
  }
}

std::uint64_t begin_slowly(datamon_stage stage) {
  if (stage - 1u >= DATAMON_MAX_STAGES - 1u) return 0;
  const SlowPath slow;
  if (!slow) return 0;
  Track* track = usable_track();
  if (track == nullptr) return 0;
  const std::uint32_t depth = load_relaxed(track->depth);
  if (depth >= kMaxDepth) {
    count_dropped();
    return 0;
  }
  if (track->split->active()) {
    track->split->boundary(depth - 1);
  } else if (depth <= track->unit_depth) {
    track->unit_depth = depth;
    if (track->skip > 0) {
      --track->skip;
    } else {
      track->split->begin_unit(depth);
      if (track->split->active()) {
        track->unit_depth = kMaxDepth;
        arm_window(*track);
      } else {
        track->skip = track->split->next_skip(clock_now());
      }
    }
  }
  const std::uint64_t handle = open_span(*track, depth, stage);
  track->frames[depth + 1].start = clock_now();
  return handle;
}

}  // namespace datamon::monitor
