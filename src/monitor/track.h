// The private side of one thread's track: what the hot path touches first, then
// what its slow paths need. Belongs to its thread; lives in arena memory, so a
// forked child finds it zeroed, which every check below takes for "not mine".
#pragma once

#include <cstdint>

#include "datamon/monitor.h"
#include "format/recording_format.h"
#include "monitor/cell_store.h"
#include "monitor/cpu_split.h"
#include "monitor/span_store.h"

namespace datamon::monitor {

struct Frame {
  std::uint64_t handle;  // 0 below the first span
  std::uint64_t start;
  std::uint64_t child_ticks;  // inside nested spans that have ended
  std::uint64_t stage;
};

struct Track {
  // A span's end at or after this goes the slow way: 0 while fresh, wiped or
  // taking readings, else the end of the current window.
  std::uint64_t window_end;
  // The spans of a depth up to unit_depth may pass so many times before the slow
  // way: 0 while fresh, wiped or taking readings (unit_depth is then the deepest).
  std::uint32_t skip;
  std::uint32_t unit_depth;
  std::uint32_t depth;
  std::uint32_t span_index;
  std::uint64_t serial;          // of the next span, in steps of kMaxDepth
  std::uint64_t slow_threshold;  // items that take longer may enter the table
  SpanBlock* block;
  Frame frames[kMaxDepth + 1];              // [0] collects the time inside depth-0 spans
  format::Cell* cells[DATAMON_MAX_STAGES];  // of the current window, or null

  // From here on: slow paths only.
  format::TrackRecord* record;  // null: not in use
  format::BlockHeader* record_block;
  format::BlockHeader* slow_block;
  Track* next;                 // of all tracks
  Track* next_ended;           // of those that no thread has
  bool ended;                  // no thread has it; may be taken over
  bool described;              // its thread has said what it is
  std::uint32_t coarsenings;   // of `cell_store`, when `cells` was filled
  std::uint32_t sink_counted;  // of span_store.sink, in unstored_spans
  // Of split, in the recording: the books are the thread's, and go with it from
  // track to track.
  std::uint64_t spent_counted;
  std::uint64_t sampled_counted;
  std::uint64_t skipped_counted;
  format::Cell sink;  // takes spans for which no cell can be had
  CellStore cell_store;
  SpanStore span_store;
  CpuSplit* split;  // of its thread; null: not in use
  ProbeTrack probe;
};

// Sends the ends of spans the slow way from the current window's end on, or all
// of them while readings are taken.
inline void arm_window(Track& track) {
  track.window_end = track.split->active() ? 0 : track.cell_store.window_end();
}

}  // namespace datamon::monitor
