// The hot path. A span costs two clock readings, ~40 plain stores to memory that
// only this thread writes, and three predicted branches; everything else is in
// record_slowly.cpp.
#include "monitor/record.h"

#include <algorithm>
#include <cstddef>

#include "monitor/arena.h"
#include "monitor/booking.h"
#include "monitor/clock.h"
#include "monitor/nvtx_ranges.h"
#include "monitor/process.h"
#include "monitor/record_slowly.h"
#include "monitor/slow_path.h"
#include "monitor/stage_registry.h"

namespace datamon::monitor {
namespace {

template <typename Clock>
struct Recorder {
  static std::uint64_t now() { return Clock::now(); }

  static std::uint64_t begin(datamon_stage stage) {
    Track& track = *current_track;
    const std::uint32_t depth = load_relaxed(track.depth);
    if (depth >= kMaxDepth || stage - 1u >= DATAMON_MAX_STAGES - 1u) [[unlikely]]
      return begin_slowly(stage);
    if (depth <= track.unit_depth) {
      if (track.skip == 0) [[unlikely]]
        return begin_slowly(stage);
      --track.skip;
      store_relaxed(track.unit_depth, depth);
    }
    const std::uint64_t handle = open_span(track, depth, stage);
    track.frames[depth + 1].start = Clock::now();
    return handle;
  }

  [[gnu::always_inline]] static void end_item(std::uint64_t handle, std::uint64_t id,
                                              std::uint64_t bytes, const char* name,
                                              std::size_t name_bytes) {
    const std::uint64_t now = Clock::now();
    Track& track = *current_track;
    const auto depth = static_cast<std::uint32_t>(handle % kMaxDepth);
    if (now >= track.window_end || track.depth != depth + 1 ||
        track.frames[depth + 1].handle != handle) [[unlikely]]
      return end_slowly(handle, now, id, bytes, name, name_bytes);
    const Place at = place_for(track, load_relaxed(track.frames[depth + 1].stage));
    if (at.cell == nullptr) [[unlikely]]
      return end_slowly(handle, now, id, bytes, name, name_bytes);
    if (at.index >= format::kSpansPerBlock) [[unlikely]]
      return end_slowly(handle, now, id, bytes, name, name_bytes);
    const std::uint64_t duration = close_span(track, at, depth, now, 0, id, bytes);
    if (duration > track.slow_threshold && id != DATAMON_NO_ID) [[unlikely]]
      return consider_slow(track, bytes, name, name_bytes);
  }

  static std::uint64_t begin_unless_inside(datamon_stage stage) {
    Track& track = *current_track;
    const std::uint32_t wanted = class_of_stage(stage);
    for (std::uint32_t depth = std::min(load_relaxed(track.depth), std::uint32_t{kMaxDepth});
         depth > 0; --depth)
      if (class_of_stage(static_cast<datamon_stage>(track.frames[depth].stage)) == wanted) return 0;
    return begin(stage);
  }

  static void end(std::uint64_t handle) { end_item(handle, DATAMON_NO_ID, 0, nullptr, 0); }

  static void end_with(std::uint64_t handle, std::uint64_t id, std::uint64_t bytes,
                       const char* name, std::size_t name_bytes) {
    end_item(handle, id, bytes, name, name_bytes);
  }

  static void record(datamon_stage stage, std::uint64_t start, std::uint64_t end, std::uint64_t id,
                     std::uint64_t bytes) {
    if (stage - 1u >= DATAMON_MAX_STAGES - 1u) return;
    const std::uint64_t now = Clock::now();
    Track* track = current_track;
    if (now >= track->window_end) {
      const SlowPath slow;
      track = slow ? usable_track() : nullptr;
      if (track == nullptr) return;
      if (now >= track->cell_store.window_end()) advance_window(*track, now);
    }
    const std::uint64_t duration = end > start ? end - start : 0;
    const Place at = prepare_place(*track, stage);
    if (!is_found(at)) return count_dropped();
    book(*track, at, start, duration, duration, stage, 0, format::kSpanInterval, id, bytes);
  }
};

// A span is a range as well, around the span's own time. An end that closes inner
// spans, too, pops as many ranges.
template <typename Clock>
struct RangeRecorder {
  static std::uint64_t begin(datamon_stage stage) {
    push_nvtx_range(stage);
    const std::uint64_t handle = Recorder<Clock>::begin(stage);
    if (handle == 0) [[unlikely]]
      pop_nvtx_range();  // refused
    return handle;
  }

  static std::uint64_t begin_unless_inside(datamon_stage stage) {
    push_nvtx_range(stage);
    const std::uint64_t handle = Recorder<Clock>::begin_unless_inside(stage);
    if (handle == 0) pop_nvtx_range();  // inside, or refused
    return handle;
  }

  static void end(std::uint64_t handle) { end_with(handle, DATAMON_NO_ID, 0, nullptr, 0); }

  static void end_with(std::uint64_t handle, std::uint64_t id, std::uint64_t bytes,
                       const char* name, std::size_t name_bytes) {
    const std::uint32_t before = load_relaxed(current_track->depth);
    Recorder<Clock>::end_with(handle, id, bytes, name, name_bytes);
    for (std::uint32_t depth = load_relaxed(current_track->depth); depth < before; ++depth)
      pop_nvtx_range();
  }
};

datamon_stage define(const char* name, std::size_t name_bytes, std::uint32_t stage_class,
                     std::uint32_t loader) {
  const SlowPath slow;
  if (!slow || name == nullptr) return DATAMON_NO_STAGE;
  return define_stage_locked({name, name_bytes}, stage_class, loader);
}

void thread(std::uint32_t role, std::uint32_t index, std::uint32_t loader, const char* name,
            std::size_t name_bytes) {
  const SlowPath slow;
  if (slow) describe_thread(role, index, loader, {name, name != nullptr ? name_bytes : 0});
}

void write_note(const char* key, std::size_t key_bytes, const char* value,
                std::size_t value_bytes) {
  const SlowPath slow;
  if (slow && key != nullptr) note({key, key_bytes}, {value, value != nullptr ? value_bytes : 0});
}

void file(const datamon_file_use* use) {
  const SlowPath slow;
  if (slow && use != nullptr) count_file(*use);
}

template <typename Clock>
constexpr datamon_api kTable = {.version = DATAMON_API_VERSION,
                                .bytes = sizeof(datamon_api),
                                .now = Recorder<Clock>::now,
                                .begin = Recorder<Clock>::begin,
                                .end = Recorder<Clock>::end,
                                .end_with = Recorder<Clock>::end_with,
                                .record = Recorder<Clock>::record,
                                .define_stage = define,
                                .thread = thread,
                                .note = write_note,
                                .begin_unless_inside = Recorder<Clock>::begin_unless_inside,
                                .file = file};

template <typename Clock>
constexpr datamon_api kTableWithNvtx = [] {
  datamon_api table = kTable<Clock>;
  table.begin = RangeRecorder<Clock>::begin;
  table.end = RangeRecorder<Clock>::end;
  table.end_with = RangeRecorder<Clock>::end_with;
  table.begin_unless_inside = RangeRecorder<Clock>::begin_unless_inside;
  return table;
}();

}  // namespace

const datamon_api* api_table_with_nvtx() {
  return clock_kind() == format::ClockKind::kInvariantTsc ? &kTableWithNvtx<TscClock>
                                                          : &kTableWithNvtx<MonotonicClock>;
}

const datamon_api* api_table() {
  return clock_kind() == format::ClockKind::kInvariantTsc ? &kTable<TscClock>
                                                          : &kTable<MonotonicClock>;
}

std::uint64_t calibrate_span_cost() {
  constexpr int kRounds = 8;
  constexpr std::uint32_t kSpans = 512;
  Track* track = arena_new<Track>();
  auto* block = arena_new<SpanBlock>();
  if (track == nullptr || block == nullptr) return 0;
  track->window_end = UINT64_MAX;
  track->skip = UINT32_MAX;
  track->serial = kMaxDepth;
  track->block = block;
  track->cells[DATAMON_READ] = &track->sink;
  Track* before = current_track;
  current_track = track;
  const datamon_api& api = *api_table();
  std::uint64_t best = UINT64_MAX;
  for (int round = 0; round < kRounds; ++round) {
    track->span_index = 0;
    const std::uint64_t from = clock_now();
    for (std::uint32_t i = 0; i < kSpans; ++i) api.end(api.begin(DATAMON_READ));
    best = std::min(best, clock_now() - from);
  }
  current_track = before;
  return best * 1024 / kSpans;
}

}  // namespace datamon::monitor
