#include "report/import/kineto_gpu.h"

#include <algorithm>

namespace datamon::report {
namespace {

TimeSpans united(const TimeSpans& a, const TimeSpans& b) {
  IntervalSet out(a.size() + b.size() + 2);
  for (const TimeSpans* spans : {&a, &b})
    for (const TimeSpan_ns& span : *spans) out.add(span.from, span.to);
  return out.spans();
}

TimeSpans window_of(const KinetoCollector& events, const KinetoSteps& steps) {
  if (!steps.steady.empty()) return steps.steady;
  const TimeSpan_ns all = events.extent();
  return all.from < all.to ? TimeSpans{all} : TimeSpans{};
}

TimeSpans synchronising(KinetoCollector& events, const KinetoSteps& steps) {
  const auto found = events.synchronising.find(steps.consumer);
  if (!steps.consumer_known || found == events.synchronising.end()) return {};
  return found->second.spans();
}

// `idle` loses what `cause` covers; returns how long that is.
double take(TimeSpans& idle, const TimeSpans& cause) {
  TimeSpans rest = difference(idle, cause);
  const double taken = total_s(idle) - total_s(rest);
  idle = std::move(rest);
  return std::max(0.0, taken);
}

GpuDeviceProfile device_profile(DeviceEvents& events, const TimeSpans& window,
                                const KinetoSteps& steps, const TimeSpans& synchronising) {
  GpuDeviceProfile out;
  out.kernels = events.kernel_count;
  out.to_device_pinned = events.pinned;
  out.to_device_pageable = events.pageable;
  out.to_device_unknown = events.unknown;
  out.to_host = events.to_host;
  const TimeSpans busy = intersection(events.kernels.spans(), window);
  // Gaps that were too many to keep are short: nothing but the next launch was missing.
  const double gaps_s = std::min(events.kernels.closed_s(window), total_s(busy));
  out.window_s = total_s(window);
  out.busy_s = total_s(busy) - gaps_s;
  TimeSpans idle = difference(window, busy);
  out.idle_copy_s =
      take(idle, united(events.copies_to_device.spans(), events.copies_to_host.spans()));
  if (steps.consumer_known) {
    out.idle_data_s = take(idle, steps.wait_spans);
    out.idle_other_s = take(idle, synchronising);
    out.idle_host_s = total_s(idle) + gaps_s;
  } else {
    out.idle_other_s = total_s(idle) + gaps_s;
  }
  return out;
}

// The overlap is known of all copies of a direction together.
void add_overlap(DeviceEvents& events, GpuDeviceProfile& out) {
  const TimeSpans kernels = events.kernels.spans();
  const auto overlapped = [&](IntervalSet& copies) {
    const TimeSpans spans = copies.spans();
    const double all = total_s(spans);
    return all > 0 ? total_s(intersection(spans, kernels)) / all : 0.0;
  };
  const double to_device = overlapped(events.copies_to_device);
  for (CopySums* sums : {&out.to_device_pinned, &out.to_device_pageable, &out.to_device_unknown})
    sums->overlapped_s = sums->time_s * to_device;
  out.to_host.overlapped_s = out.to_host.time_s * overlapped(events.copies_to_host);
}

}  // namespace

GpuProfile kineto_gpu(KinetoCollector& events, const KinetoSteps& steps,
                      const std::map<std::int64_t, std::string>& device_names) {
  GpuProfile out;
  if (events.devices.empty()) return out;
  out.causes_known = steps.consumer_known;
  const TimeSpans window = window_of(events, steps);
  const TimeSpans waiting = synchronising(events, steps);
  out.synchronising_s = total_s(intersection(waiting, window));
  std::int64_t closed = 0;
  for (auto& [number, device] : events.devices) {
    GpuDeviceProfile profile = device_profile(device, window, steps, waiting);
    add_overlap(device, profile);
    profile.device = number;
    const auto name = device_names.find(number);
    if (name != device_names.end()) profile.name = name->second;
    out.devices.push_back(std::move(profile));
    closed = std::max(closed, device.kernels.longest_closed_ns());
  }
  out.longest_merged_s = static_cast<double>(closed) * 1e-9;
  return out;
}

TimeSpans exposed_copies(KinetoCollector& events, const KinetoSteps& steps) {
  TimeSpans out;
  for (auto& [number, device] : events.devices)
    out = united(out, difference(device.copies_to_device.spans(), device.kernels.spans()));
  return difference(out, steps.wait_spans);
}

}  // namespace datamon::report
