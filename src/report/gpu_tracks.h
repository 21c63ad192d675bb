// What a process of a recording says of its devices: the tracks that
// libdatamon-cupti.so leaves (docs/recording-format.md, "Devices").
#pragma once

#include <cstdint>
#include <vector>

#include "report/device_work.h"
#include "report/gpu_activity.h"
#include "report/loader_tracks.h"

namespace datamon::report {

struct KernelLaunch {
  std::int64_t launched_ns = 0;
  std::int64_t start_ns = 0, end_ns = 0;
};

struct ProcessDevices {
  DeviceActivities devices;
  std::map<std::int64_t, std::vector<KernelLaunch>> launches;  // by device; what is known
  TimeSpans synchronising;                                     // of the thread asked for
  TimeSpans missing;  // in which single spans of some device were not stored
  DeviceNames names;
  std::int64_t until_ns = 0;  // the last that is known of any device
};

// At most so many devices of a process.
inline constexpr std::size_t kMostDevices = 16;

// `thread`: the consumer's, as the system numbers it. Times of `axis`, in nanoseconds.
ProcessDevices read_devices(const ProcessFile& process, const TimeAxis& axis, std::uint32_t thread);

}  // namespace datamon::report
