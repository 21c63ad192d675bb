#include "report/gpu_activity.h"

#include <algorithm>

namespace datamon::report {
namespace {

constexpr std::size_t kLongestKernels = 3;

TimeSpans united(const TimeSpans& a, const TimeSpans& b) {
  IntervalSet out(a.size() + b.size() + 2);
  for (const TimeSpans* spans : {&a, &b})
    for (const TimeSpan_ns& span : *spans) out.add(span.from, span.to);
  return out.spans();
}

// `idle` loses what `cause` covers; returns how long that is.
double take(TimeSpans& idle, const TimeSpans& cause) {
  TimeSpans rest = difference(idle, cause);
  const double taken = total_s(idle) - total_s(rest);
  idle = std::move(rest);
  return std::max(0.0, taken);
}

// The overlap is known of all copies of a direction together.
void add_overlap(DeviceActivity& device, GpuDeviceProfile& out) {
  const TimeSpans kernels = device.kernels.spans();
  const auto overlapped = [&](IntervalSet& copies) {
    const TimeSpans spans = copies.spans();
    const double all = total_s(spans);
    return all > 0 ? total_s(intersection(spans, kernels)) / all : 0.0;
  };
  const double to_device = overlapped(device.copies_to_device);
  for (CopySums* sums : {&out.to_device_pinned, &out.to_device_pageable, &out.to_device_unknown})
    sums->overlapped_s = sums->time_s * to_device;
  out.to_host.overlapped_s = out.to_host.time_s * overlapped(device.copies_to_host);
}

}  // namespace

GpuDeviceProfile device_profile(DeviceActivity& device, const GpuContext& context) {
  GpuDeviceProfile out;
  out.kernels = device.kernel_count;
  out.longest_kernels = device.kernel_times.longest(kLongestKernels);
  out.to_device_pinned = device.pinned;
  out.to_device_pageable = device.pageable;
  out.to_device_unknown = device.unknown;
  out.to_host = device.to_host;
  const TimeSpans busy = intersection(device.kernels.spans(), context.window);
  // Gaps that were too many to keep are short: nothing but the next launch was missing.
  const double gaps_s = std::min(device.kernels.closed_s(context.window), total_s(busy));
  out.window_s = total_s(context.window);
  out.busy_s = total_s(busy) - gaps_s;
  TimeSpans idle = difference(context.window, busy);
  out.idle_copy_s =
      take(idle, united(device.copies_to_device.spans(), device.copies_to_host.spans()));
  if (context.consumer_known) {
    out.idle_data_s = take(idle, context.waits);
    out.idle_other_s = take(idle, context.synchronising);
    out.idle_host_s = total_s(idle) + gaps_s;
  } else {
    out.idle_other_s = total_s(idle) + gaps_s;
  }
  add_overlap(device, out);
  return out;
}

TimeSpans exposed_copies(DeviceActivities& devices, const TimeSpans& waits) {
  TimeSpans out;
  for (auto& [number, device] : devices)
    out = united(out, difference(device.copies_to_device.spans(), device.kernels.spans()));
  return difference(out, waits);
}

}  // namespace datamon::report
