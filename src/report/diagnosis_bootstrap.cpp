#include "report/diagnosis_bootstrap.h"

#include <algorithm>
#include <cmath>

#include "report/diagnosis_thresholds.h"

namespace datamon::report {

std::uint64_t Random::next() {
  std::uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

std::size_t Random::below(std::size_t n) {
  return static_cast<std::size_t>(((next() >> 32) * n) >> 32);
}

// n^(1/3) is the rate-optimal block length for a mean (Hall, Horowitz, Jing
// 1995); a period is covered twice; at least five blocks remain.
std::size_t block_length(std::size_t n, std::size_t period) {
  const auto cube_root = static_cast<std::size_t>(std::ceil(std::cbrt(static_cast<double>(n))));
  const std::size_t wanted = std::max(cube_root, 2 * period);
  return std::clamp<std::size_t>(std::min(wanted, n / 5), 1, std::max<std::size_t>(n, 1));
}

Interval ratio_interval(std::span<const double> part, std::span<const double> whole,
                        std::size_t block) {
  const std::size_t n = part.size();
  std::vector<double> parts(n + 1), wholes(n + 1);
  for (std::size_t i = 0; i < n; ++i) {
    parts[i + 1] = parts[i] + part[i];
    wholes[i + 1] = wholes[i] + whole[i];
  }
  if (n == 0 || !(wholes[n] > 0)) return {};
  const double value = parts[n] / wholes[n];
  std::vector<double> ratios;
  ratios.reserve(thresholds::kResamples);
  Random random(1);
  const std::size_t blocks = (n + block - 1) / block;
  for (int round = 0; round < thresholds::kResamples; ++round) {
    double part_sum = 0, whole_sum = 0;
    for (std::size_t b = 0; b < blocks; ++b) {
      const std::size_t at = random.below(n - block + 1);
      part_sum += parts[at + block] - parts[at];
      whole_sum += wholes[at + block] - wholes[at];
    }
    if (whole_sum > 0) ratios.push_back(part_sum / whole_sum);
  }
  if (ratios.empty()) return {value, value, value};
  std::sort(ratios.begin(), ratios.end());
  const auto at = [&](double quantile) {
    return ratios[static_cast<std::size_t>(quantile * static_cast<double>(ratios.size() - 1))];
  };
  return {value, std::min(value, at(0.025)), std::max(value, at(0.975))};
}

}  // namespace datamon::report
