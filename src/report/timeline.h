// One time axis for all files of a recording: seconds since its first process
// attached. Files of one boot are placed by the monotonic clock (and share one
// tick length, so that spans of different processes compare exactly); files of
// other machines by the time of day.
#pragma once

#include <cstdint>
#include <vector>

#include "report/recording.h"

namespace datamon::report {

// Ticks of one file to seconds on the axis. A value; cheap to copy.
class TimeAxis {
 public:
  TimeAxis() = default;
  TimeAxis(std::uint64_t origin_ticks, double origin_s, double seconds_per_tick)
      : origin_ticks_(origin_ticks), origin_s_(origin_s), seconds_per_tick_(seconds_per_tick) {}

  double at(std::uint64_t ticks) const {
    // The difference as a signed number: ticks before the origin are possible.
    return origin_s_ + static_cast<double>(static_cast<std::int64_t>(ticks - origin_ticks_)) *
                           seconds_per_tick_;
  }
  double lasting(std::uint64_t ticks) const {
    return static_cast<double>(ticks) * seconds_per_tick_;
  }
  double seconds_per_tick() const { return seconds_per_tick_; }

 private:
  std::uint64_t origin_ticks_ = 0;
  double origin_s_ = 0;
  double seconds_per_tick_ = 1e-9;
};

class Timeline {
 public:
  // `processes` in the order of Recording::processes().
  explicit Timeline(const std::vector<ProcessFile>& processes);

  const TimeAxis& axis(std::size_t process) const { return axes_[process]; }
  // The axis' zero in nanoseconds since 1970, on the clock of the first process.
  std::int64_t zero_realtime_ns() const { return zero_realtime_ns_; }

 private:
  std::vector<TimeAxis> axes_;
  std::int64_t zero_realtime_ns_ = 0;
};

}  // namespace datamon::report
