// The machine's readings: one sampler thread per host and recording.
//
// Every process of a recording calls sampler_start() once; the one that gets
// the lock `sampler-HOST.lock` in the recording directory samples, the others
// try again whenever they call sampler_try_takeover(), so that another goes on
// when the sampling process ends in any way. What is read: docs/metrics.md.
//
// Promises to the job: one thread named `datamon-sampler` with all signals
// blocked; nothing is printed; no memory is allocated after the thread's start;
// sampler_stop() returns within 10 ms whatever the thread is doing; a process
// whose main thread has ended does not live on for it; a forked child has no sampler, holds no
// lock, and may call every function here.
//
// Thread-safety: every function may be called from any thread, except from
// signal handlers. Errors are values; nothing throws.
#pragma once

#include <cstdint>

#include "format/recording_format.h"
#include "monitor/block_source.h"

namespace datamon::monitor {

// Everything that pointers here lead to must live until the process ends.
struct SamplerOptions {
  const char* directory = nullptr;       // the recording
  const char* host = nullptr;            // as in FileHeader::host
  const char* root = "";                 // put in front of /proc and /sys
  const char* nvml_library = nullptr;    // nullptr: the driver's, if there is one
  BlockSource* blocks = nullptr;         // this process's recording file
  format::FileHeader* header = nullptr;  // its header; sampler_cpu_ns is written
  std::uint64_t (*ticks)() = nullptr;    // the recording's clock
  std::uint64_t budget_ppm = 5000;       // of one core, for the whole monitor

  std::uint64_t fast_interval_ns = 100'000'000;    // between rows at first,
  std::uint64_t fast_period_ns = 60'000'000'000;   // for so long;
  std::uint64_t slow_interval_ns = 1'000'000'000;  // and afterwards
  std::uint32_t sample_block_bytes = 512 * 1024;   // each of two; halved while there is no space
  std::uint32_t process_block_bytes = 256 * 1024;  // each of two
};

enum class SamplerState {
  kIdle,      // not started, or stopped
  kWaiting,   // another process of this host samples
  kSampling,  // this process does
  kFailed,    // cannot: no lock file, no thread, no space; not tried again
};

// Begins to sample, or to wait for a turn. Calls after the first do nothing.
SamplerState sampler_start(const SamplerOptions& options);

// Takes over if no process of this host samples any more. Two system calls
// (~1 us) while waiting, one otherwise: meant for window changes.
SamplerState sampler_try_takeover();

// Ends sampling after one last row and gives the lock back. Waits at most 10 ms
// for the thread; false if it was still busy (it stops soon; the recording file
// must stay mapped in any case).
bool sampler_stop();

}  // namespace datamon::monitor
