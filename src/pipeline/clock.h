// Clock readings in nanoseconds, and two ways to let time pass.
//
// Thread-safety: any thread.
#pragma once

#include <time.h>

#include <atomic>
#include <cstdint>

namespace datamon::pipeline {

inline std::int64_t clock_ns(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}
inline std::int64_t wall_ns() { return clock_ns(CLOCK_MONOTONIC); }
inline std::int64_t thread_cpu_ns() { return clock_ns(CLOCK_THREAD_CPUTIME_ID); }

// A flag that ends a wait early: set by a signal handler or by the side that ends the run.
using StopFlag = std::atomic<std::uint32_t>;
static_assert(StopFlag::is_always_lock_free);

// Sleeps until CLOCK_MONOTONIC shows `deadline_ns`; looks at `stop` at least every 20 ms.
void sleep_until(std::int64_t deadline_ns, const StopFlag& stop);

// Keeps this CPU busy for `cpu_ns` of the thread's CPU time (on a crowded machine that takes longer
// than cpu_ns); looks at `stop` all the time.
void burn(std::int64_t cpu_ns, const StopFlag& stop);

// Lets sleeps of this thread end within microseconds of their deadline, not 50 µs later.
void sharpen_sleep();

}  // namespace datamon::pipeline
