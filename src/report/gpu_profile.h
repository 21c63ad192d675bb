// What the GPUs did, where the input says it event by event: how long each was
// busy, and what it waited for when it was not. Plain numbers, in seconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace datamon::report {

// Copies of one kind between host and device.
struct CopySums {
  std::uint64_t count = 0, bytes = 0;
  double time_s = 0;        // sum over the copies; those of several streams may overlap
  double overlapped_s = 0;  // part of their union in which a kernel ran on the device
};

// Kernels by the call that launched them: in which step, and how long before they began.
struct GpuLaunches {
  double kernels_per_step = 0;    // mean
  double step_kernel_p50_ms = 0;  // what one step launches takes the device, streams added up
  // From launch to start. A few microseconds: the device has nothing else to do and
  // waits for the host. Much more: the host is ahead.
  double lead_p50_us = 0;
};

// The kernels of one function.
struct KernelShare {
  std::string name;  // kernel_name.h; raw bytes
  std::uint64_t count = 0;
  double time_s = 0;
  double share = 0;  // of the time of all kernels
};

// One device over the steady steps (over all of the input if there are none).
// busy_s + idle_..._s = window_s. An idle moment is put down to the first that holds:
// a copy runs, the consumer waits for data, the consumer works on something else
// (launch-bound), or it sits in a synchronising call itself (other).
struct GpuDeviceProfile {
  std::uint32_t rank = 0;  // of the process that uses it; numbers are that process's own
  std::int64_t device = 0;
  std::string name;  // "" if not known
  double window_s = 0;
  double busy_s = 0;  // at least one kernel or memset ran
  double idle_copy_s = 0, idle_data_s = 0, idle_host_s = 0, idle_other_s = 0;
  std::uint64_t kernels = 0;  // of the whole input, as the copies
  CopySums to_device_pinned, to_device_pageable, to_device_unknown, to_host;
  std::optional<GpuLaunches> launches;  // where the input says when work was launched
  // The three functions whose kernels took most time, streams added up, of all kernels that
  // the input has one by one. Empty where it has no names.
  std::vector<KernelShare> longest_kernels;
};

struct GpuProfile {
  std::vector<GpuDeviceProfile> devices;  // by number
  bool causes_known = false;  // the consumer is known; else idle_data_s and idle_host_s are 0
  // Steady time of the consumers, of which single events are known for window_s, and
  // what they spent of that in calls that wait for a device.
  double steady_s = 0;
  double synchronising_s = 0;
  std::uint64_t lost_records = 0;  // of the whole input
  // Idle gaps up to this long were too many to keep one by one, and are all put down to
  // the consumer (idle_host_s; idle_other_s if it is not known).
  double longest_merged_s = 0;
};

}  // namespace datamon::report
