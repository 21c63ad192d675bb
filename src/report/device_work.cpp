#include "report/device_work.h"

#include <array>
#include <charconv>
#include <optional>

#include "report/kernel_name.h"

namespace datamon::report {
namespace {

constexpr std::size_t kMostDeviceName = 96;
constexpr std::size_t kMostDeviceNames = 64;

// N of the note "cupti.kernel.N".
std::optional<std::uint32_t> number_behind(std::string_view key, std::string_view prefix) {
  if (!key.starts_with(prefix)) return std::nullopt;
  key.remove_prefix(prefix.size());
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), number);
  if (error != std::errc() || end != key.data() + key.size()) return std::nullopt;
  return number;
}

}  // namespace

DeviceWork device_work(std::string_view stage) {
  struct Named {
    std::string_view name;
    DeviceWork work;
  };
  static constexpr std::array<Named, 10> kNames = {
      {{"gpu-kernel", DeviceWork::kKernel},
       {"gpu-memset", DeviceWork::kMemset},
       {"gpu-copy/within", DeviceWork::kCopyWithin},
       {"gpu-copy/to-device-pinned", DeviceWork::kToDevicePinned},
       {"gpu-copy/to-device-pageable", DeviceWork::kToDevicePageable},
       {"gpu-copy/to-device", DeviceWork::kToDevice},
       {"gpu-copy/to-host", DeviceWork::kToHost},
       {"gpu-wait", DeviceWork::kWait},
       {"gpu-load", DeviceWork::kLoad},
       {"gpu-monitor", DeviceWork::kMonitor}}};
  for (const Named& each : kNames)
    if (each.name == stage) return each.work;
  return DeviceWork::kUnknown;
}

std::string_view DeviceNames::kernel(std::uint64_t number) const {
  if (number < kernels.size()) return kernels[number];
  return number == kOtherKernels ? kOtherKernelsName : "";
}

DeviceNames device_names(const ProcessFile& process) {
  DeviceNames names;
  for (const auto& [key, value] : process.notes) {
    if (const auto number = number_behind(key, "cupti.kernel.")) {
      if (*number == 0 || *number >= kOtherKernels) continue;
      if (*number >= names.kernels.size()) names.kernels.resize(*number + std::size_t{1});
      names.kernels[*number] = kernel_function(value);
    } else if (const auto device = number_behind(key, "cupti.device.")) {
      if (names.devices.size() < kMostDeviceNames || names.devices.contains(*device))
        names.devices[*device] = value.substr(0, kMostDeviceName);
    }
  }
  return names;
}

}  // namespace datamon::report
