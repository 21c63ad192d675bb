#include "report/distribution.h"

#include <algorithm>
#include <cmath>

namespace datamon::report {

using format::kHistogramBuckets;

double bucket_floor_ticks(int bucket) {
  if (bucket <= 0) return 0;
  const int octave = (bucket - 1) / 4, quarter = (bucket - 1) % 4;
  return std::ldexp(1.0 + quarter * 0.25, format::kHistogramFirstOctave + octave);
}

Distribution::Group& Distribution::group_of(double seconds_per_tick) {
  for (Group& group : groups_) {
    // Clocks of equal machines differ by parts per million.
    if (std::abs(group.seconds_per_tick / seconds_per_tick - 1) < 1e-3) return group;
  }
  groups_.push_back({seconds_per_tick, {}});
  return groups_.back();
}

void Distribution::add(const format::Cell& cell, double seconds_per_tick, double share,
                       std::uint64_t max_ticks) {
  if (share <= 0) return;
  Group& group = group_of(seconds_per_tick);
  for (int i = 0; i < kHistogramBuckets; ++i) {
    group.counts[i] += cell.histogram[i] * share;
    count_ += cell.histogram[i] * share;
  }
  max_s_ = std::max(max_s_, static_cast<double>(max_ticks) * seconds_per_tick);
}

void Distribution::add(const Distribution& other) {
  for (const Group& theirs : other.groups_) {
    Group& ours = group_of(theirs.seconds_per_tick);
    for (int i = 0; i < kHistogramBuckets; ++i) ours.counts[i] += theirs.counts[i];
  }
  count_ += other.count_;
  max_s_ = std::max(max_s_, other.max_s_);
}

double Distribution::below(double duration_s) const {
  double sum = 0;
  for (const Group& group : groups_) {
    const double ticks = duration_s / group.seconds_per_tick;
    for (int i = 0; i < kHistogramBuckets; ++i) {
      const double from = bucket_floor_ticks(i), to = bucket_floor_ticks(i + 1);
      if (ticks <= from) break;
      sum += group.counts[i] * std::min(1.0, (ticks - from) / (to - from));
    }
  }
  return sum;
}

double Distribution::share_above(double duration_s) const {
  if (count_ <= 0 || !std::isfinite(count_)) return 0;
  return std::clamp(1 - below(duration_s) / count_, 0.0, 1.0);
}

double Distribution::quantile_s(double share) const {
  if (count_ <= 0 || !std::isfinite(count_)) return 0;
  double low = 0, high = max_s_;
  for (const Group& group : groups_)
    high = std::max(high, bucket_floor_ticks(kHistogramBuckets) * group.seconds_per_tick);
  // 50 halvings of the logarithm would do; the plain middle needs a few more near zero.
  for (int i = 0; i < 100 && high - low > 1e-12 * high; ++i) {
    const double middle = low > high * 1e-6 ? std::sqrt(low * high) : high / 16;
    (below(middle) < share * count_ ? low : high) = middle;
  }
  return std::min(high, max_s_);
}

}  // namespace datamon::report
