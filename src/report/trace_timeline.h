// The one time axis of a trace: integer nanoseconds since the recording began,
// for every process of every host.
//
// Ticks of all processes of one host count the same way, so one clock per host
// converts them all: what happened earlier there is earlier here, to the tick.
// Hosts are placed by their realtime clocks.
#pragma once

#include <cstdint>
#include <vector>

#include "report/recording.h"

namespace datamon::report {

// Beyond this a double cannot hold nanoseconds, and viewers keep times in
// doubles: 104 days.
inline constexpr std::int64_t kLastTraceNs = (std::int64_t{1} << 53) - 1;

// Ticks of one process to the axis. Monotone: later ticks never come earlier.
class TickMap {
 public:
  TickMap() = default;
  TickMap(std::uint64_t origin_ticks, std::int64_t origin_ns, double ns_per_tick)
      : origin_ticks_(origin_ticks),
        origin_ns_(static_cast<double>(origin_ns)),
        ns_per_tick_(ns_per_tick) {}

  // Negative (as -1) before the recording began, never above kLastTraceNs.
  std::int64_t ns(std::uint64_t ticks) const {
    const double since = static_cast<double>(static_cast<std::int64_t>(ticks - origin_ticks_));
    const double value = origin_ns_ + since * ns_per_tick_;
    if (!(value >= 0)) return -1;
    if (value >= static_cast<double>(kLastTraceNs)) return kLastTraceNs;
    return static_cast<std::int64_t>(value);
  }

 private:
  std::uint64_t origin_ticks_ = 0;
  double origin_ns_ = 0;
  double ns_per_tick_ = 1;
};

struct ProcessTime {
  TickMap map;
  // Spans that end later than this are damage: a day after the last moment
  // that the process is known to have lived.
  std::uint64_t last_plausible_ticks = UINT64_MAX;
  std::size_t host = 0;  // index of the host, by first appearance
};

struct TraceTimeline {
  std::vector<ProcessTime> processes;  // as Recording::processes()
  std::size_t hosts = 0;
  std::int64_t start_realtime_ns = 0;  // of the axis's zero, since 1970
};

TraceTimeline build_timeline(const Recording& recording);

}  // namespace datamon::report
