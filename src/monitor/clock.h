// The recording's clock. Ticks are those of the invariant time stamp counter
// where the machine has one that the kernel trusts, else nanoseconds of
// CLOCK_MONOTONIC. Thread-safe; choose_clock() is called once, before the rest.
#pragma once

#include <time.h>

#include <cstdint>

#include "format/recording_format.h"

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace datamon::monitor {

inline std::uint64_t clock_ns(clockid_t clock) {
  timespec t;
  ::clock_gettime(clock, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000u +
         static_cast<std::uint64_t>(t.tv_nsec);
}

struct MonotonicClock {
  static std::uint64_t now() { return clock_ns(CLOCK_MONOTONIC); }
};

#if defined(__x86_64__)
struct TscClock {
  // Not serialising: the work of a neighbouring span may overlap by some
  // nanoseconds, which costs less than waiting for it would.
  static std::uint64_t now() { return __rdtsc(); }
};
#else
using TscClock = MonotonicClock;
#endif

// Chooses the clock and measures its rate (takes ~0.3 ms with the counter).
void choose_clock(bool force_monotonic);

format::ClockKind clock_kind();
std::uint64_t ticks_per_second();
std::uint64_t clock_now();

// Nanoseconds of a difference of ticks below 2^53.
std::uint64_t ticks_to_ns(std::uint64_t ticks);

// The same moment on all clocks: the closest of a few tries.
format::ClockPair read_clock_pair();

// A better rate, from two pairs at least a second apart; keeps the old one
// otherwise.
void refine_clock_rate(const format::ClockPair& first, const format::ClockPair& latest);

}  // namespace datamon::monitor
