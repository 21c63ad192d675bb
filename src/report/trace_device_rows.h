// The devices of a recording as they are shown: each a process of its own with a
// thread for each of its streams; and one with the calls in which the job's threads
// waited for them.
//
// Pure. What is returned points into the recording.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "report/recording.h"
#include "report/trace_timeline.h"

namespace datamon::report {

struct DeviceRow {
  const Track* track = nullptr;
  std::string name;    // raw bytes
  bool slices = true;  // else a counter: when the device was busy, whatever stream it was
};

struct DeviceGroup {
  std::size_t process = 0;  // index in Recording::processes()
  std::string name;         // raw bytes: "rank 1 GPU 0 NVIDIA H200"
  std::vector<DeviceRow> rows;
};

// In the order to be shown, without tracks that hold nothing.
std::vector<DeviceGroup> device_groups(const Recording& recording, const TraceTimeline& timeline);

}  // namespace datamon::report
