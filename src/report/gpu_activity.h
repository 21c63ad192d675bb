// What devices did, event by event, and what each waited for when it did nothing:
// one model for recordings and for imported traces. Nanoseconds of one clock.
//
// Pure, but that the interval sets sort themselves.
#pragma once

#include <cstdint>
#include <map>

#include "report/gpu_profile.h"
#include "report/interval_set.h"
#include "report/kernel_times.h"

namespace datamon::report {

// Keeps a bounded number of intervals; more where `roomy`.
struct DeviceActivity {
  DeviceActivity() = default;
  explicit DeviceActivity(bool roomy) {
    if (roomy) kernels = IntervalSet(512 * 1024);
  }
  // A process has one or two devices as a rule; more share less, so that the sum
  // stays bounded.
  static bool roomy(std::size_t devices_before) { return devices_before < 2; }

  IntervalSet kernels;  // and whatever else the device itself worked on
  IntervalSet copies_to_device{32 * 1024}, copies_to_host{32 * 1024};
  std::uint64_t kernel_count = 0;
  KernelTimes kernel_times;
  CopySums pinned, pageable, unknown, to_host;
};
using DeviceActivities = std::map<std::int64_t, DeviceActivity>;  // by number

// What the consumer did meanwhile.
struct GpuContext {
  TimeSpans window;  // what is looked at
  bool consumer_known = false;
  TimeSpans waits;          // it waited for data
  TimeSpans synchronising;  // it sat in calls that wait for a device
};

// Without number and name.
GpuDeviceProfile device_profile(DeviceActivity& device, const GpuContext& context);

// Time in which a copy to any device ran while no kernel did on it and the consumer
// did not wait for data: what the steps waited for copies.
TimeSpans exposed_copies(DeviceActivities& devices, const TimeSpans& waits);

}  // namespace datamon::report
