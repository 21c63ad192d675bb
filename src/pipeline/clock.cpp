#include "pipeline/clock.h"

#include <sys/prctl.h>

#include <algorithm>

namespace datamon::pipeline {
namespace {

constexpr std::int64_t kLookEvery_ns = 20'000'000;

// About a microsecond of arithmetic that the compiler cannot leave out.
std::uint64_t busy_work(std::uint64_t value) {
  for (int i = 0; i < 1000; ++i) value = value * 6364136223846793005u + 1442695040888963407u;
  return value;
}

}  // namespace

void sleep_until(std::int64_t deadline_ns, const StopFlag& stop) {
  for (std::int64_t now = wall_ns(); now < deadline_ns; now = wall_ns()) {
    if (stop.load(std::memory_order_relaxed) != 0) return;
    const std::int64_t until = std::min(deadline_ns, now + kLookEvery_ns);
    const timespec time{static_cast<time_t>(until / 1'000'000'000),
                        static_cast<long>(until % 1'000'000'000)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr);
  }
}

void burn(std::int64_t cpu_ns, const StopFlag& stop) {
  const std::int64_t end = thread_cpu_ns() + cpu_ns;
  std::uint64_t value = 1;
  while (thread_cpu_ns() < end && stop.load(std::memory_order_relaxed) == 0) {
    value = busy_work(value);
    asm volatile("" : : "r"(value));
  }
}

void sharpen_sleep() { prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL); }

}  // namespace datamon::pipeline
