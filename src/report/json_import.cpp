#include "report/json_import.h"

namespace datamon::report {
namespace {

using nlohmann::ordered_json;

ordered_json copies(const CopySums& sums) {
  return {{"count", sums.count},
          {"bytes", sums.bytes},
          {"time_s", sums.time_s},
          {"overlapped_s", sums.overlapped_s}};
}

ordered_json launches(const GpuLaunches& sums) {
  return {{"kernels_per_step", sums.kernels_per_step},
          {"step_kernel_p50_ms", sums.step_kernel_p50_ms},
          {"lead_p50_us", sums.lead_p50_us}};
}

ordered_json kernels(const std::vector<KernelShare>& shares) {
  ordered_json out = ordered_json::array();
  for (const KernelShare& each : shares)
    out.push_back({{"name", each.name},
                   {"count", each.count},
                   {"time_s", each.time_s},
                   {"share", each.share}});
  return out;
}

ordered_json device(const GpuDeviceProfile& device) {
  return {{"rank", device.rank},
          {"device", device.device},
          {"name", device.name},
          {"window_s", device.window_s},
          {"busy_s", device.busy_s},
          {"idle_data_s", device.idle_data_s},
          {"idle_host_s", device.idle_host_s},
          {"idle_copy_s", device.idle_copy_s},
          {"idle_other_s", device.idle_other_s},
          {"kernels", device.kernels},
          {"to_device_pinned", copies(device.to_device_pinned)},
          {"to_device_pageable", copies(device.to_device_pageable)},
          {"to_device_unknown", copies(device.to_device_unknown)},
          {"to_host", copies(device.to_host)},
          {"launches", device.launches ? launches(*device.launches) : ordered_json(nullptr)},
          {"longest_kernels", kernels(device.longest_kernels)}};
}

}  // namespace

ordered_json import_json(const ImportFacts& import) {
  return {{"format", to_string(import.format)},
          {"file", import.file},
          {"bytes", import.bytes},
          {"records", import.records},
          {"workers", import.workers},
          {"findings", import.findings},
          {"missing", import.missing}};
}

ordered_json gpu_json(const GpuProfile& gpu) {
  ordered_json devices = ordered_json::array();
  for (const GpuDeviceProfile& each : gpu.devices) devices.push_back(device(each));
  return {{"causes_known", gpu.causes_known},         {"steady_s", gpu.steady_s},
          {"synchronising_s", gpu.synchronising_s},   {"lost_records", gpu.lost_records},
          {"longest_merged_s", gpu.longest_merged_s}, {"devices", devices}};
}

}  // namespace datamon::report
