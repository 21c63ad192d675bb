#include "report/import/kineto_gpu.h"

#include <algorithm>

namespace datamon::report {
namespace {

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

}  // namespace

GpuProfile kineto_gpu(KinetoCollector& events, const KinetoSteps& steps,
                      const std::map<std::int64_t, std::string>& device_names) {
  GpuProfile out;
  if (events.devices.empty()) return out;
  const GpuContext context{window_of(events, steps), steps.consumer_known, steps.wait_spans,
                           synchronising(events, steps)};
  out.causes_known = steps.consumer_known;
  out.steady_s = total_s(context.window);
  out.synchronising_s = total_s(intersection(context.synchronising, context.window));
  std::int64_t closed = 0;
  for (auto& [number, device] : events.devices) {
    GpuDeviceProfile profile = device_profile(device, context);
    profile.device = number;
    const auto name = device_names.find(number);
    if (name != device_names.end()) profile.name = name->second;
    out.devices.push_back(std::move(profile));
    closed = std::max(closed, device.kernels.longest_closed_ns());
  }
  out.longest_merged_s = static_cast<double>(closed) * 1e-9;
  return out;
}

}  // namespace datamon::report
