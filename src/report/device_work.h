// What the tracks of devices hold (docs/recording-format.md, "Devices"): their kinds
// of work, and the names of kernels and devices, which are notes.
//
// Pure. A ProcessFile is only looked at during the call.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "report/builtin_stages.h"
#include "report/recording.h"

namespace datamon::report {

enum class DeviceWork : std::uint8_t {
  kUnknown,
  kKernel,
  kMemset,
  kCopyWithin,  // the device
  kToDevicePinned,
  kToDevicePageable,
  kToDevice,
  kToHost,
  // On the tracks of calling threads.
  kWait,
  kLoad,
  kMonitor
};

// By the names that tools/cupti/recorder.cpp gives to stages.
DeviceWork device_work(std::string_view stage);

inline bool is_device_track(const Track& track) {
  const auto role = static_cast<Role>(track.record.role);
  return role == Role::kDevice || role == Role::kDeviceCalls;
}

// Where in a device a track belongs: the device, and 0 or its stream's place.
inline std::uint32_t device_of(const Track& track) { return track.record.index >> 16; }
inline std::uint32_t place_of(const Track& track) { return track.record.index & 0xffff; }

// The number of kernels whose names came when no more numbers were given out.
inline constexpr std::uint32_t kOtherKernels = 0xffff;
inline constexpr std::string_view kOtherKernelsName = "other kernels";

struct DeviceNames {
  std::map<std::uint32_t, std::string> devices;  // raw bytes, cut
  std::vector<std::string> kernels;              // functions (kernel_name.h) by number

  // `number`: the bytes of a kernel's span. "": not known.
  std::string_view kernel(std::uint64_t number) const;
};
DeviceNames device_names(const ProcessFile& process);

}  // namespace datamon::report
