// The parts of the text report that imported files and recordings of a GPU have.
#include <fmt/format.h>

#include <algorithm>

#include "report/text_job.h"
#include "report/text_layout.h"
#include "report/text_sections.h"
#include "report/text_units.h"

namespace datamon::report {
namespace {

constexpr std::size_t kDevicesShown = 4;             // the JSON has all
constexpr std::size_t kNameColumns = 44;             // columns of a name
constexpr std::string_view kBelow = "            ";  // as wide as a fact's name

std::string copies_text(const char* what, const CopySums& sums) {
  if (sums.count == 0) return "";
  const double rate = sums.time_s > 0 ? static_cast<double>(sums.bytes) / sums.time_s : 0;
  return fmt::format(
      " · {} {}{}{}", what, time_text(sums.time_s),
      sums.bytes > 0 ? fmt::format(", {} at {}/s", bytes_text(static_cast<double>(sums.bytes)),
                                   bytes_text(rate))
                     : "",
      sums.time_s > 0
          ? fmt::format(", {} beside kernels", percent_text(sums.overlapped_s / sums.time_s))
          : "");
}

std::string device_text(const GpuDeviceProfile& device, bool causes_known) {
  const auto share = [&](double part_s) {
    return percent_text(device.window_s > 0 ? part_s / device.window_s : 0);
  };
  std::string text = device.name.empty() ? "" : cut(printable(device.name), kNameColumns) + " · ";
  text += fmt::format("busy {}", share(device.busy_s));
  const double idle_s = device.window_s - device.busy_s;
  if (causes_known && idle_s > 0)
    text += fmt::format(" · idle for want of data {}, of launches {}, for a copy {}, other {}",
                        share(device.idle_data_s), share(device.idle_host_s),
                        share(device.idle_copy_s), share(device.idle_other_s));
  else if (idle_s > 0)
    text += fmt::format(" · idle {}, of that for a copy {}", share(idle_s),
                        percent_text(device.idle_copy_s / idle_s));
  if (device.launches)
    text += fmt::format(" · {:.0f} kernels a step, {} of work, begun {} after their launch",
                        device.launches->kernels_per_step,
                        time_text(device.launches->step_kernel_p50_ms * 1e-3),
                        time_text(device.launches->lead_p50_us * 1e-6));
  text += copies_text("pinned to device", device.to_device_pinned);
  text += copies_text("PAGEABLE to device", device.to_device_pageable);
  text += copies_text("to device", device.to_device_unknown);
  text += copies_text("to host", device.to_host);
  return text;
}

std::string kernels_text(const std::vector<KernelShare>& kernels) {
  std::string text;
  for (const KernelShare& each : kernels)
    text += fmt::format("{}{} {}", text.empty() ? "kernel time: " : ", ",
                        cut(printable(each.name), kNameColumns), percent_text(each.share));
  return text;
}

}  // namespace

std::string Sections::gpus() const {
  if (!profile_.gpu) return "";
  const GpuProfile& gpu = *profile_.gpu;
  std::string out;
  const bool ranks = std::any_of(gpu.devices.begin(), gpu.devices.end(),
                                 [](const GpuDeviceProfile& device) { return device.rank != 0; });
  for (std::size_t i = 0; i < gpu.devices.size() && i < kDevicesShown; ++i) {
    const GpuDeviceProfile& device = gpu.devices[i];
    out += fact(ranks ? fmt::format("gpu {}.{}", device.rank, device.device)
                      : fmt::format("gpu {}", device.device),
                device_text(device, gpu.causes_known));
    out += fact("", kernels_text(device.longest_kernels));
  }
  if (gpu.devices.size() > kDevicesShown)
    out += wrap_command(fmt::format("… and {} more:", gpu.devices.size() - kDevicesShown),
                        command_about(profile_, "report", "--json"), width(), kBelow, kBelow);
  std::string notes;
  const auto add = [&](bool holds, const std::string& note) {
    if (holds) notes += (notes.empty() ? "" : " · ") + note;
  };
  add(gpu.synchronising_s > 0,
      fmt::format("the loop waits for the device {} (in cudaStreamSynchronize, item(), ...): "
                  "not work of its own",
                  time_text(gpu.synchronising_s)));
  add(gpu.longest_merged_s > 0, fmt::format("gaps up to {} all count as waits for launches",
                                            time_text(gpu.longest_merged_s)));
  add(gpu.lost_records > 0,
      fmt::format("{} record{} of the GPU {} lost",
                  count_text(static_cast<double>(gpu.lost_records)),
                  plural(static_cast<double>(gpu.lost_records)),
                  plural(static_cast<double>(gpu.lost_records), "was", "were")));
  return out + fact("", notes);
}

std::string Sections::source() const {
  if (!profile_.import) return "";
  const ImportFacts& import = *profile_.import;
  return fact("source", fmt::format("{}, {} record{} used of {}", to_string(import.format),
                                    count_text(static_cast<double>(import.records)),
                                    plural(static_cast<double>(import.records)),
                                    bytes_text(static_cast<double>(import.bytes))));
}

std::string Sections::import_notes() const {
  if (!profile_.import) return "";
  const ImportFacts& import = *profile_.import;
  std::string out;
  const auto list = [&](const char* title, const std::vector<std::string>& lines) {
    if (lines.empty()) return;
    out += heading(title);
    for (const std::string& line : lines) out += wrap(line, width(), "  - ", "    ");
  };
  list("what else it says", import.findings);
  list("what it cannot say", import.missing);
  return out;
}

}  // namespace datamon::report
