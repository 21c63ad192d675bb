// A regression's slope with its standard error where neighbouring points are alike:
// whole stretches of them are left out in turn (jackknife by blocks).
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

namespace datamon::report {

struct SlopeEstimate {
  double slope = 0, error = std::numeric_limits<double>::infinity();
};

// So many stretches tell the error to a sixth, and leave each long enough to be unlike the next.
inline constexpr std::size_t kStretches = 20;

// `Sums` of a stretch's points can be added with a sign, add(other, sign), and have a
// slope(), NaN if there is none.
template <typename Sums, std::size_t kCount>
SlopeEstimate jackknife(const std::array<Sums, kCount>& stretches, const Sums& whole) {
  SlopeEstimate out;
  out.slope = whole.slope();
  double squares = 0;
  for (const Sums& part : stretches) {
    Sums rest = whole;
    rest.add(part, -1);
    const double difference = rest.slope() - out.slope;
    squares += difference * difference;
  }
  constexpr double kParts = kCount;
  out.error = std::sqrt(squares * (kParts - 1) / kParts);
  return out;
}

}  // namespace datamon::report
