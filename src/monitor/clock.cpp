#include "monitor/clock.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace datamon::monitor {
namespace {

constexpr std::uint64_t kCalibrationNs = 250'000;
constexpr int kPairTries = 5;

// Set once before any thread records; refined later. Inherited by fork.
format::ClockKind g_kind = format::ClockKind::kMonotonic;
std::atomic<std::uint64_t> g_ticks_per_second{1'000'000'000};
std::atomic<double> g_ns_per_tick{1.0};

void set_rate(double ticks, double ns) {
  g_ns_per_tick.store(ns / ticks, std::memory_order_relaxed);
  g_ticks_per_second.store(static_cast<std::uint64_t>(ticks / ns * 1e9 + 0.5),
                           std::memory_order_relaxed);
}

#if defined(__x86_64__)
bool counter_is_invariant() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(0x80000007, &a, &b, &c, &d) != 0 && (d & (1u << 8)) != 0;
}

// The kernel gives up the counter when sockets disagree about it.
bool kernel_distrusts_counter() {
  const int fd = ::open("/sys/devices/system/clocksource/clocksource0/current_clocksource",
                        O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  char name[32] = {};
  const ssize_t got = ::read(fd, name, sizeof name - 1);
  ::close(fd);
  return got > 0 && (std::strncmp(name, "hpet", 4) == 0 || std::strncmp(name, "acpi_pm", 7) == 0 ||
                     std::strncmp(name, "jiffies", 7) == 0);
}
#endif

}  // namespace

void choose_clock(bool force_monotonic) {
  g_kind = format::ClockKind::kMonotonic;
  set_rate(1, 1);
#if defined(__x86_64__)
  if (force_monotonic || !counter_is_invariant() || kernel_distrusts_counter()) return;
  g_kind = format::ClockKind::kInvariantTsc;
  const format::ClockPair from = read_clock_pair();
  while (clock_ns(CLOCK_MONOTONIC) < from.monotonic_ns + kCalibrationNs) {
  }
  const format::ClockPair to = read_clock_pair();
  set_rate(static_cast<double>(to.ticks - from.ticks),
           static_cast<double>(to.monotonic_ns - from.monotonic_ns));
#else
  (void)force_monotonic;
#endif
}

format::ClockKind clock_kind() { return g_kind; }
std::uint64_t ticks_per_second() { return g_ticks_per_second.load(std::memory_order_relaxed); }

std::uint64_t clock_now() {
  return g_kind == format::ClockKind::kInvariantTsc ? TscClock::now() : MonotonicClock::now();
}

std::uint64_t ticks_to_ns(std::uint64_t ticks) {
  return static_cast<std::uint64_t>(static_cast<double>(ticks) *
                                    g_ns_per_tick.load(std::memory_order_relaxed));
}

format::ClockPair read_clock_pair() {
  format::ClockPair best{0, 0, 0, UINT64_MAX};
  for (int i = 0; i < kPairTries; ++i) {
    const std::uint64_t before = clock_now();
    const std::uint64_t monotonic = clock_ns(CLOCK_MONOTONIC);
    const std::uint64_t realtime = clock_ns(CLOCK_REALTIME);
    const std::uint64_t after = clock_now();
    const std::uint64_t apart = ticks_to_ns(after - before);
    if (apart < best.uncertainty_ns)
      best = {before + (after - before) / 2, monotonic, realtime, apart};
  }
  return best;
}

void refine_clock_rate(const format::ClockPair& first, const format::ClockPair& latest) {
  if (g_kind != format::ClockKind::kInvariantTsc) return;
  if (latest.ticks <= first.ticks || latest.monotonic_ns < first.monotonic_ns + 1'000'000'000)
    return;
  set_rate(static_cast<double>(latest.ticks - first.ticks),
           static_cast<double>(latest.monotonic_ns - first.monotonic_ns));
}

}  // namespace datamon::monitor
