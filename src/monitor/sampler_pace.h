// How long the sampler waits between rows.
#pragma once

#include <algorithm>
#include <cstdint>

namespace datamon::monitor {

constexpr std::uint64_t kSecond_ns = 1'000'000'000;

// Fast at first, slow afterwards, and slower wherever a row costs more than the
// sampler's share of the monitor's budget. Not thread-safe.
class SamplerPace {
 public:
  // A quarter of the budget: the rest is for the readings of single spans.
  static constexpr std::uint64_t kShareOfBudget = 4;
  static constexpr std::uint64_t kLongestNs = 10 * kSecond_ns;

  SamplerPace(std::uint64_t fast_ns, std::uint64_t fast_period_ns, std::uint64_t slow_ns,
              std::uint64_t budget_ppm)
      : fast_ns_(fast_ns),
        fast_period_ns_(fast_period_ns),
        slow_ns_(slow_ns),
        share_ppm_(std::max<std::uint64_t>(budget_ppm / kShareOfBudget, 1)) {}

  // The time to the next row, after one that took `cost_ns` of CPU time, when
  // sampling has gone on for `age_ns`. The first rows are dear (cold caches),
  // single ones may be: the mean of the latest few counts.
  std::uint64_t next(std::uint64_t cost_ns, std::uint64_t age_ns) {
    mean_cost_ns_ = mean_cost_ns_ == 0 ? cost_ns : (3 * mean_cost_ns_ + cost_ns) / 4;
    const std::uint64_t wanted = age_ns < fast_period_ns_ ? fast_ns_ : slow_ns_;
    const std::uint64_t affordable = mean_cost_ns_ * 1'000'000 / share_ppm_;
    return std::max(wanted, std::min(affordable, kLongestNs));
  }

 private:
  std::uint64_t fast_ns_;
  std::uint64_t fast_period_ns_;
  std::uint64_t slow_ns_;
  std::uint64_t share_ppm_;
  std::uint64_t mean_cost_ns_ = 0;
};

}  // namespace datamon::monitor
