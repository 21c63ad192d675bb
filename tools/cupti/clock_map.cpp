#include "clock_map.h"

#include <algorithm>
#include <cmath>

namespace datamon::cupti {
namespace {

// Readings closer together than this say little about the rate.
constexpr std::uint64_t kApart_ns = 1'000'000;

// Times farther from a reading than this many ticks are none.
constexpr double kMostApart = 1e18;

double rate(std::uint64_t ns, std::uint64_t ticks) {
  return static_cast<double>(ticks) / static_cast<double>(ns);
}

}  // namespace

void ClockMap::add(std::uint64_t cupti_ns, std::uint64_t ticks) {
  if (count_ > 0) {
    const Pair& last = at(count_ - 1);
    if (ticks <= last.ticks) return;
    if (cupti_ns <= last.ns) {
      count_ = 0;
    } else if (cupti_ns - last.ns < kApart_ns && ready()) {
      return;
    } else {
      ticks_per_ns_ = rate(cupti_ns - last.ns, ticks - last.ticks);
    }
  }
  if (count_ == kMost) {
    first_ = (first_ + 1) % kMost;
    --count_;
  }
  pairs_[(first_ + count_++) % kMost] = {cupti_ns, ticks};
}

std::uint64_t ClockMap::ticks(std::uint64_t cupti_ns) const {
  if (!ready() || count_ == 0) return 0;
  std::size_t low = 0, high = count_;  // the first reading behind the time
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (at(middle).ns <= cupti_ns)
      low = middle + 1;
    else
      high = middle;
  }
  const std::size_t after = std::clamp<std::size_t>(low, 1, std::max<std::size_t>(count_ - 1, 1));
  const Pair& from = at(after - 1);
  const double slope =
      after < count_ ? rate(at(after).ns - from.ns, at(after).ticks - from.ticks) : ticks_per_ns_;
  // As a difference: the times themselves are larger than a double is exact.
  const auto apart_ns = static_cast<double>(static_cast<std::int64_t>(cupti_ns - from.ns));
  const auto moved = static_cast<std::int64_t>(
      std::llround(std::clamp(apart_ns * slope, -kMostApart, kMostApart)));
  const auto ticks = static_cast<std::int64_t>(from.ticks) + moved;
  return ticks > 0 ? static_cast<std::uint64_t>(ticks) : 0;
}

}  // namespace datamon::cupti
