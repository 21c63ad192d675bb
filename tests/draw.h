// Random numbers for property tests: the same seed, the same numbers on every machine.
#pragma once

#include <cmath>
#include <cstdint>

#include "report/diagnosis_bootstrap.h"

namespace datamon::testing {

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}
  double uniform(double low, double high) {
    return low + (high - low) * static_cast<double>(random_.next() >> 11) * 0x1p-53;
  }
  // Evenly in the logarithm.
  double spread(double low, double high) {
    return std::exp(uniform(std::log(low), std::log(high)));
  }
  // Nearly: the sum of twelve.
  double normal() {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += uniform(0, 1);
    return sum;
  }
  int whole(int low, int high) {
    return low + static_cast<int>(random_.below(static_cast<std::size_t>(high - low + 1)));
  }
  bool one_in(int n) { return whole(1, n) == 1; }

 private:
  report::Random random_;
};

}  // namespace datamon::testing
