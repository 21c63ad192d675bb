// Sums and quantiles of any number of durations in fixed memory. Not thread-safe.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <string>

#include "format/recording_format.h"
#include "report/distribution.h"
#include "report/profile.h"

namespace datamon::report {

class DurationSums {
 public:
  void add(double seconds) {
    const double ns = std::clamp(seconds, 0.0, 1e9) * 1e9;
    sum_s_ += ns * 1e-9;
    max_ns_ = std::max(max_ns_, static_cast<std::uint64_t>(ns));
    std::uint32_t& count = cell_.histogram[bucket(static_cast<std::uint64_t>(ns))];
    if (count < std::numeric_limits<std::uint32_t>::max()) ++count;
    ++count_;
  }
  std::uint64_t count() const { return count_; }
  double sum_s() const { return sum_s_; }
  // Off by a bucket's width at most: 19 %.
  double quantile_s(double share) const {
    Distribution distribution;
    distribution.add(cell_, 1e-9, 1.0, max_ns_);
    return distribution.quantile_s(share);
  }
  StageProfile stage(std::string name, StageClass stage_class) const {
    StageProfile out;
    out.name = std::move(name);
    out.stage_class = stage_class;
    out.count = count_;
    out.wall_s = out.self_s = sum_s_;
    out.p50_ms = quantile_s(0.50) * 1e3;
    out.p99_ms = quantile_s(0.99) * 1e3;
    out.max_ms = static_cast<double>(max_ns_) * 1e-6;
    return out;
  }

 private:
  // The recording's buckets, with nanoseconds as ticks; see bucket_floor_ticks().
  static std::size_t bucket(std::uint64_t ns) {
    if (ns >> format::kHistogramFirstOctave == 0) return 0;
    const auto octave = static_cast<int>(std::bit_width(ns)) - 1;
    const auto quarter = static_cast<int>(ns >> (octave - 2) & 3);
    return static_cast<std::size_t>(std::min(
        1 + (octave - format::kHistogramFirstOctave) * 4 + quarter, format::kHistogramBuckets - 1));
  }

  format::Cell cell_{};
  std::uint64_t count_ = 0, max_ns_ = 0;
  double sum_s_ = 0;
};

}  // namespace datamon::report
