#include "report/diagnosis_gpu.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "report/diagnosis_evidence.h"
#include "report/diagnosis_thresholds.h"
#include "report/text_units.h"

namespace datamon::report {
namespace {

namespace th = thresholds;

void add_copies(const GpuDeviceProfile& device, GpuEvidence& out, double& pageable_s,
                double& overlapped_s) {
  for (const CopySums* sums :
       {&device.to_device_pinned, &device.to_device_pageable, &device.to_device_unknown}) {
    const double time_s = sane_seconds(sums->time_s);
    out.to_device_s += time_s;
    out.to_device_bytes += static_cast<double>(sums->bytes);
    overlapped_s += std::min(time_s, sane_seconds(sums->overlapped_s));
    if (sums == &device.to_device_pageable) pageable_s += time_s;
  }
}

}  // namespace

GpuEvidence gpu_evidence(const Profile& profile) {
  GpuEvidence out;
  if (!profile.gpu || !profile.gpu->causes_known) return out;
  double pageable_s = 0, overlapped_s = 0;
  std::map<std::uint32_t, double> consumers_s;  // by rank
  std::vector<double> leads, kernels;
  for (const GpuDeviceProfile& device : profile.gpu->devices) {
    add_copies(device, out, pageable_s, overlapped_s);
    const double window_s = sane_seconds(device.window_s);
    if (!(window_s > 0)) continue;
    const auto share = [&](double part_s) {
      return std::clamp(sane_seconds(part_s) / window_s, 0.0, 1.0);
    };
    ++out.devices;
    out.busy += share(device.busy_s);
    out.idle_data += share(device.idle_data_s);
    out.idle_host += share(device.idle_host_s);
    out.idle_copy += share(device.idle_copy_s);
    out.idle_other += share(device.idle_other_s);
    consumers_s[device.rank] = std::max(consumers_s[device.rank], window_s);
    if (!device.launches) continue;
    leads.push_back(sane_seconds(device.launches->lead_p50_us));
    kernels.push_back(sane_seconds(device.launches->kernels_per_step));
  }
  if (out.devices == 0) return out;
  out.known = true;
  const auto devices = static_cast<double>(out.devices);
  for (double* mean : {&out.busy, &out.idle_data, &out.idle_host, &out.idle_copy, &out.idle_other})
    *mean /= devices;
  double window_s = 0;
  for (const auto& [rank, each_s] : consumers_s) window_s += each_s;
  out.synchronising = std::clamp(sane_seconds(profile.gpu->synchronising_s) / window_s, 0.0, 1.0);
  if (out.to_device_s > 0) {
    out.pageable_share = pageable_s / out.to_device_s;
    out.overlapped_share = overlapped_s / out.to_device_s;
  }
  if (!leads.empty()) {
    out.lead_us = *std::min_element(leads.begin(), leads.end());
    out.kernels_per_step = *std::max_element(kernels.begin(), kernels.end());
  }
  return out;
}

bool launch_bound(const GpuEvidence& gpu) {
  return gpu.known && gpu.idle_host >= th::kLaunchBound && gpu.idle_host > gpu.idle_data &&
         gpu.idle_host > gpu.idle_copy && gpu.idle_host > gpu.idle_other;
}

std::string busy_line(const GpuEvidence& gpu) {
  return fmt::format(
      "{} busy {} of the time, and idle{} {} for want of data, {} for want of launches, {} for a "
      "copy, {} for other reasons",
      gpu.devices == 1 ? "the GPU is" : fmt::format("the {} GPUs are", gpu.devices),
      percent_text(gpu.busy), gpu.devices == 1 ? "s" : "", percent_text(gpu.idle_data),
      percent_text(gpu.idle_host), percent_text(gpu.idle_copy), percent_text(gpu.idle_other));
}

std::string copies_line(const GpuEvidence& gpu) {
  const double rate = gpu.to_device_s > 0 ? gpu.to_device_bytes / gpu.to_device_s : 0;
  return fmt::format(
      "copies to the GPU: {} of their time from pageable memory, {} beside kernels{}",
      percent_text(gpu.pageable_share), percent_text(gpu.overlapped_share),
      gpu.to_device_bytes > 0 ? fmt::format(", at {}/s", bytes_text(rate)) : "");
}

}  // namespace datamon::report
