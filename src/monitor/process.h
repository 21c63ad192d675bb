// The monitor's state in one process, and the slow ways of the hot path: finding
// the thread's track, going on to the next window, getting blocks, ending
// threads, beginning anew in a forked child.
//
// Thread-safe. Errors are values: when nothing can be recorded, pointers are
// null. errno is kept. Nothing throws; nothing is printed after attach() but for
// the one warning that the disk is full.
#pragma once

#include <cstdint>
#include <string_view>

#include "monitor/track.h"

namespace datamon::monitor {

// The calling thread's track; never null: before its first span, and in a
// process that does not record, it is a zeroed one that is never written.
extern __thread Track* current_track __attribute__((tls_model("initial-exec")));

// Begins to record. Thread-safe; the first call of a process image decides.
// False: said why on stderr.
bool attach();

// True if MON_NVTX asks for spans as NVTX ranges. After attach().
bool wants_nvtx_ranges();

// Makes the calling thread's track usable: creates it, in a fresh or forked
// process too. nullptr if this process does not record.
Track* usable_track();

// The same for a thread that says what it is: it may go on with the track of an
// ended thread that was the same.
Track* describe_track(std::uint32_t role, std::uint32_t index, std::uint32_t loader);

// Measures one begin/end pair on a track of its own, in ticks times 1024.
// Implemented by record.cpp.
std::uint64_t calibrate_span_cost();

// For the slow way of a span's end at `now`: goes on to the window of `now`.
void advance_window(Track& track, std::uint64_t now);

// The stage's cell of the current window; counts what finds no place.
format::Cell* find_cell(Track& track, datamon_stage stage);

// A fresh block of spans in track.block, span_index 0.
void next_span_block(Track& track);

// Considers the item for the slowest ones.
void keep_slow(Track& track, const format::SpanRecord& span, std::uint64_t bytes,
               std::string_view name);

void count_dropped();
void count_mismatch();

datamon_stage define_stage_locked(std::string_view name, std::uint32_t stage_class,
                                  std::uint32_t loader);
void describe_thread(std::uint32_t role, std::uint32_t index, std::uint32_t loader,
                     std::string_view name);
void note(std::string_view key, std::string_view value);
void count_file(const datamon_file_use& use);

// True while the calling thread is in one of the above: a signal handler that
// records must not enter them again.
bool enter_slow_path();
void leave_slow_path();

}  // namespace datamon::monitor
