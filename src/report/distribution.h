// Durations as the recording's histograms hold them, merged over cells, tracks
// and files with different clocks, and the quantiles of that.
//
// Values inside a bucket (a quarter octave) are taken to be spread evenly over
// it, so a quantile is off by a bucket's width at most: 19 %.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "format/recording_format.h"

namespace datamon::report {

class Distribution {
 public:
  // Adds `share` of a cell's histogram, whose longest span is `max_ticks`.
  void add(const format::Cell& cell, double seconds_per_tick, double share,
           std::uint64_t max_ticks);
  void add(const Distribution& other);

  double count() const { return count_; }
  double max_s() const { return max_s_; }
  // The duration below which `share` of all lie; 0 if there are none.
  double quantile_s(double share) const;
  // Of all, the share that is longer.
  double share_above(double duration_s) const;

 private:
  struct Group {
    double seconds_per_tick;
    std::array<double, format::kHistogramBuckets> counts;
  };
  Group& group_of(double seconds_per_tick);
  double below(double duration_s) const;

  std::vector<Group> groups_;  // one for each length of a tick
  double count_ = 0;
  double max_s_ = 0;
};

// Lower end of a bucket in ticks; of the bucket behind the last one its upper end.
double bucket_floor_ticks(int bucket);

}  // namespace datamon::report
