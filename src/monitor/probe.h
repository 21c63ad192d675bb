// Experiments on the running job: in short windows one class of stages is delayed by a
// known part of its own time, and the recording says how the steps answered. Which class
// and when is the same in all processes of a host: docs/probe.md,
// format/probe_format.h.
//
// Off unless MON_PROBE=1. While it is on, every span takes the slow way with readings of
// its CPU time, in windows without a delay as well: what the readings cost is then the
// same in both. A span's own time on the CPU is repeated on the CPU, its blocked time
// asleep; waiting for a CPU is not repeated, the delay itself has to wait for one.
//
// Thread-safe. Errors are values; nothing throws, prints, locks or allocates.
#pragma once

#include <atomic>
#include <cstdint>

#include "format/probe_format.h"
#include "monitor/recording_directory.h"
#include "monitor/settings.h"

namespace datamon::monitor {

struct Track;

// Of one thread at one loader; belongs to its track. Zero is fresh.
struct ProbeTrack {
  // Delays that are due but too short to be made exactly.
  std::int64_t burn_ns, sleep_ns;
  // Of the window seen last: its number plus one, and who is delayed in it.
  std::uint64_t window;
  std::uint32_t delayed_class;
  // Waits that ended, and when, before the schedule began.
  std::uint32_t waits;
  std::uint64_t first_wait_ns, half_ns;
};

// Of this process; null when no experiment is on. Inherited by forked children, whose
// mapping is the same memory.
extern std::atomic<format::ProbePage*> g_probe_page;

inline bool probe_is_on() { return g_probe_page.load(std::memory_order_relaxed) != nullptr; }

// Joins the host's experiment, or makes it (probe_file.cpp). `boot_id` as in the file
// header. Called once, while the monitor attaches. Returns nullptr, or why there can be
// none.
const char* begin_probe(RecordingDirectory& directory, const char (&boot_id)[40],
                        const Settings& settings);

// A worker's thread has said its number: the windows must outlast what the workers
// have begun.
void probe_worker(std::uint32_t index);

// The innermost open span of the track, at `depth`, is about to end and its readings are
// complete. Delays the calling thread if that is due: true if it took any time, so that
// clock and readings must be looked at again.
bool probe_span_end(Track& track, std::uint32_t depth);

}  // namespace datamon::monitor
