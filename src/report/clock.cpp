#include <cmath>
#include <limits>

#include "report/recording.h"

namespace datamon::report {
namespace {

// Clocks outside these limits are damage, not hardware.
constexpr double kSlowestTicksPerSecond = 1e5;
constexpr double kFastestTicksPerSecond = 1e11;
// Two pairs say the rate only if they are much further apart than their error.
constexpr double kMostPairError = 1e-3;

bool plausible(double ticks_per_second) {
  return ticks_per_second >= kSlowestTicksPerSecond && ticks_per_second <= kFastestTicksPerSecond;
}

// The rate that two clock pairs show; 0 when they cannot tell.
double rate_of(const format::ClockPair& first, const format::ClockPair& latest) {
  if (latest.ticks <= first.ticks || latest.monotonic_ns <= first.monotonic_ns) return 0;
  const double ns = static_cast<double>(latest.monotonic_ns - first.monotonic_ns);
  const double error_ns =
      static_cast<double>(first.uncertainty_ns) + static_cast<double>(latest.uncertainty_ns);
  const double rate = static_cast<double>(latest.ticks - first.ticks) / ns * 1e9;
  return error_ns <= ns * kMostPairError && plausible(rate) ? rate : 0;
}

// Adds nanoseconds to a reading, stopping at the ends of the range.
std::int64_t saturating_add(std::uint64_t base_ns, double delta_ns) {
  const double sum = static_cast<double>(base_ns) + delta_ns;
  if (!(sum > -9.2e18)) return std::numeric_limits<std::int64_t>::min();
  if (sum >= 9.2e18) return std::numeric_limits<std::int64_t>::max();
  // Exact: only the difference goes through a double. Unsigned: either part
  // may be outside the signed range, the sum is not.
  return static_cast<std::int64_t>(base_ns + static_cast<std::uint64_t>(std::llround(delta_ns)));
}

}  // namespace

Clock::Clock(format::ClockPair first, format::ClockPair latest, std::uint64_t ticks_per_second_hint)
    : origin_(first) {
  double rate = rate_of(first, latest);
  if (rate == 0) rate = static_cast<double>(ticks_per_second_hint);
  ns_per_tick_ = plausible(rate) ? 1e9 / rate : 1.0;
}

std::int64_t Clock::monotonic_ns(std::uint64_t ticks) const {
  const double delta = ticks >= origin_.ticks ? static_cast<double>(ticks - origin_.ticks)
                                              : -static_cast<double>(origin_.ticks - ticks);
  return saturating_add(origin_.monotonic_ns, delta * ns_per_tick_);
}

std::int64_t Clock::realtime_ns(std::uint64_t ticks) const {
  const double delta = ticks >= origin_.ticks ? static_cast<double>(ticks - origin_.ticks)
                                              : -static_cast<double>(origin_.ticks - ticks);
  return saturating_add(origin_.realtime_ns, delta * ns_per_tick_);
}

double Clock::seconds(std::uint64_t duration_ticks) const {
  return static_cast<double>(duration_ticks) * ns_per_tick_ * 1e-9;
}

double Clock::ticks_per_second() const { return 1e9 / ns_per_tick_; }

}  // namespace datamon::report
