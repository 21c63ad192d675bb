// Sets of time intervals in seconds, sorted and disjoint.
#pragma once

#include <algorithm>
#include <vector>

namespace datamon::report {

struct Stretch {
  double from_s = 0, to_s = 0;
  double length() const { return to_s - from_s; }
};

using Stretches = std::vector<Stretch>;

inline double total(const Stretches& stretches) {
  double sum = 0;
  for (const Stretch& stretch : stretches) sum += stretch.length();
  return sum;
}

// How much of [from_s, to_s) the stretches cover, in seconds.
inline double overlap(const Stretches& stretches, double from_s, double to_s) {
  double sum = 0;
  auto at = std::lower_bound(stretches.begin(), stretches.end(), from_s,
                             [](const Stretch& s, double time) { return s.to_s <= time; });
  for (; at != stretches.end() && at->from_s < to_s; ++at)
    sum += std::max(0.0, std::min(at->to_s, to_s) - std::max(at->from_s, from_s));
  return sum;
}

inline bool contains(const Stretches& stretches, double time_s) {
  const auto at = std::lower_bound(stretches.begin(), stretches.end(), time_s,
                                   [](const Stretch& s, double time) { return s.to_s <= time; });
  return at != stretches.end() && at->from_s <= time_s;
}

}  // namespace datamon::report
