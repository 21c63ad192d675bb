// How a span gets into its cell and its block: plain stores to memory that only
// this thread writes. Signal handlers may come at any point: whatever index is
// read was bounds-checked or is bounded by construction.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "format/recording_format.h"
#include "monitor/atomics.h"
#include "monitor/track.h"

namespace datamon::monitor {

using SpanWord [[gnu::may_alias]] = std::uint64_t;

inline unsigned bucket_of(std::uint64_t ticks) {
  const std::uint64_t t = std::max<std::uint64_t>(ticks, 255);
  const auto octave = static_cast<unsigned>(__builtin_clzll(t)) ^ 63u;
  const unsigned bucket = 4 * octave + static_cast<unsigned>((t >> (octave - 2)) & 3) - 31;
  if (bucket >= format::kHistogramBuckets) [[unlikely]]
    return format::kHistogramBuckets - 1;
  return bucket;
}
static_assert(format::kHistogramFirstOctave == 8);

inline void add_to(format::Cell& cell, std::uint64_t duration, std::uint64_t self,
                   std::uint64_t bytes) {
  bump(cell.count, std::uint64_t{1});
  bump(cell.wall_ticks, duration);
  bump(cell.self_ticks, self);
  bump(cell.bytes, bytes);
  if (duration > load_relaxed(cell.max_ticks)) store_relaxed(cell.max_ticks, duration);
  std::uint32_t& slot = cell.histogram[bucket_of(duration)];
  const std::uint32_t counted = load_relaxed(slot);
  store_relaxed(slot, counted + (counted != UINT32_MAX));
}

// As four whole words: a record put together from its narrow fields would stall
// in the store buffer when it is copied.
inline void append(Track& track, std::uint32_t index, std::uint64_t start, std::uint64_t duration,
                   std::uint64_t id, std::uint64_t packed) {
  SpanBlock& block = *track.block;
  auto* words = reinterpret_cast<SpanWord*>(&block.spans[index]);
  words[0] = start;
  words[1] = duration;
  words[2] = id;
  words[3] = packed;
  track.span_index = index + 1;
  store_release(block.header.count, std::uint64_t{index} + 1);
}

// The last word of a SpanRecord.
inline std::uint64_t pack(std::uint64_t bytes, std::uint64_t stage, std::uint64_t depth,
                          std::uint64_t flags) {
  return std::min<std::uint64_t>(bytes, UINT32_MAX) | stage << 32 | depth << 48 | flags << 56;
}
static_assert(offsetof(format::SpanRecord, bytes) == 24 &&
              offsetof(format::SpanRecord, stage) == 28 &&
              offsetof(format::SpanRecord, depth) == 30 &&
              offsetof(format::SpanRecord, flags) == 31);

// Where a span is booked. Read once: a signal handler may change the track
// between the check and the use, and what was read stays valid memory.
struct Place {
  format::Cell* cell;
  std::uint32_t index;  // below kSpansPerBlock, if found
};

inline Place place_for(Track& track, std::uint64_t stage) {
  return {load_relaxed(track.cells[stage]), load_relaxed(track.span_index)};
}

// True if the span can be booked there without a slow way.
inline bool is_found(const Place& place) {
  return place.cell != nullptr && place.index < format::kSpansPerBlock;
}

// Books a span that has ended at a place that was found. Everything stays in
// registers, and no call is made that returns here.
[[gnu::always_inline]] inline void book(Track& track, Place at, std::uint64_t start,
                                        std::uint64_t duration, std::uint64_t self,
                                        std::uint64_t stage, std::uint64_t depth,
                                        std::uint64_t flags, std::uint64_t id,
                                        std::uint64_t bytes) {
  add_to(*at.cell, duration, self, bytes);
  append(track, at.index, start, duration, id, pack(bytes, stage, depth, flags));
}

// A branch, as it never is taken: the
// next timestamp may wait for what depends on this one.
inline std::uint64_t non_negative_difference(std::uint64_t a, std::uint64_t b) {
  if (a < b) [[unlikely]]
    return 0;
  return a - b;
}

// Ends the open span at `depth`, the innermost one; its duration.
[[gnu::always_inline]] inline std::uint64_t close_span(Track& track, Place at, std::uint32_t depth,
                                                       std::uint64_t now, std::uint64_t flags,
                                                       std::uint64_t id, std::uint64_t bytes) {
  const Frame& frame = track.frames[depth + 1];
  track.depth = depth;
  // Counters of two cores may differ by some ticks: never below zero.
  const std::uint64_t start = frame.start;
  const std::uint64_t duration = non_negative_difference(now, start);
  const std::uint64_t self = non_negative_difference(duration, frame.child_ticks);
  bump(track.frames[depth].child_ticks, duration);
  book(track, at, start, duration, self, frame.stage, depth, flags, id, bytes);
  return duration;
}

// Starts a span at `depth`, without its time; its handle.
inline std::uint64_t open_span(Track& track, std::uint32_t depth, datamon_stage stage) {
  Frame& frame = track.frames[depth + 1];
  const std::uint64_t handle = track.serial + depth;
  track.serial += kMaxDepth;
  frame.handle = handle;
  frame.stage = stage;
  frame.child_ticks = 0;
  track.depth = depth + 1;
  return handle;
}

}  // namespace datamon::monitor
