// Resampling with a fixed seed: the same data gives the same interval on every
// machine. Moving blocks keep the dependence of neighbours (batches arrive in
// bursts of as many as there are workers), which single draws would lose and
// report intervals that are too narrow.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "report/diagnosis.h"

namespace datamon::report {

// Block length for n values in a series whose neighbours hang together over
// about `period` values. At least 1, at most n.
std::size_t block_length(std::size_t n, std::size_t period);

// sum(part) / sum(whole) with its 95 % interval; part and whole have the same
// length. All zero if whole sums to nothing.
Interval ratio_interval(std::span<const double> part, std::span<const double> whole,
                        std::size_t block);

// In which share of resamples column `leader` has the largest sum. Each row is
// one batch's cost by class, weights included. 1 for no rows.
template <std::size_t N>
double lead_share(std::span<const std::array<double, N>> rows, std::size_t leader,
                  std::size_t block);

// SplitMix64: small, seedable, the same everywhere (the library's distributions
// are not).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  std::size_t below(std::size_t n);  // uniform in [0, n), n < 2^32

 private:
  std::uint64_t state_;
};

template <std::size_t N>
double lead_share(std::span<const std::array<double, N>> rows, std::size_t leader,
                  std::size_t block) {
  if (rows.empty()) return 1;
  constexpr int kRounds = 400;  // the share is only compared with 0.8 and 0.95
  std::vector<std::array<double, N>> prefix(rows.size() + 1);
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (std::size_t k = 0; k < N; ++k) prefix[i + 1][k] = prefix[i][k] + rows[i][k];
  const std::size_t blocks = (rows.size() + block - 1) / block;
  Random random(2);
  int leads = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::array<double, N> sum{};
    for (std::size_t b = 0; b < blocks; ++b) {
      const std::size_t at = random.below(rows.size() - block + 1);
      for (std::size_t k = 0; k < N; ++k) sum[k] += prefix[at + block][k] - prefix[at][k];
    }
    bool leading = true;
    for (std::size_t k = 0; k < N; ++k) leading = leading && sum[k] <= sum[leader];
    leads += leading ? 1 : 0;
  }
  return static_cast<double>(leads) / kRounds;
}

}  // namespace datamon::report
