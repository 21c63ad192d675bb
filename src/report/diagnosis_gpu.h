// What the devices' own records say about the verdict, where there are any. Pure; every
// value is finite.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/profile.h"

namespace datamon::report {

// Means over the devices, each as shares of its window.
struct GpuEvidence {
  bool known = false;  // and with it the consumer, so that idle time has a cause
  std::size_t devices = 0;
  double busy = 0, idle_data = 0, idle_host = 0, idle_copy = 0, idle_other = 0;
  double synchronising = 0;  // of the consumers' time: in calls that wait for a device
  // Copies to the devices.
  double to_device_s = 0, to_device_bytes = 0;
  double pageable_share = 0;  // of their time: from pageable memory
  double overlapped_share = 0;
  std::optional<double> lead_us, kernels_per_step;
};

GpuEvidence gpu_evidence(const Profile& profile);

// The device idles for want of launches, more than for anything else.
bool launch_bound(const GpuEvidence& gpu);

// In words: what the devices do; what their copies come from.
std::string busy_line(const GpuEvidence& gpu);
std::string copies_line(const GpuEvidence& gpu);

}  // namespace datamon::report
