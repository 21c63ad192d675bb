// One record of CUPTI as what happened: on a device, or on a thread that called
// CUDA. Pure; the records are taken as they come, of any version from CUDA 11 on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "abi.h"

namespace datamon::cupti {

enum class What : std::uint8_t {
  // On a stream of a device.
  kKernel,
  kMemset,
  kCopyWithin,  // device to device
  kToDevicePinned,
  kToDevicePageable,
  kToDevice,  // from memory of another or no known kind
  kToHost,
  // On a thread.
  kLaunch,    // gave work to a device
  kWait,      // waited for a device; may have given it work as well (cudaMemcpy)
  kLoad,      // the driver compiled or loaded code
  kOverhead,  // CUPTI's own
};
inline constexpr bool on_device(What what) { return what <= What::kToHost; }
inline constexpr std::size_t kWhats = 11;

struct Activity {
  What what = What::kKernel;
  std::uint32_t device = 0, stream = 0;
  std::uint32_t thread = 0;       // of the system; 0: not known
  std::uint32_t correlation = 0;  // the same for a call and the work it gave; 0: none
  std::uint64_t start_ns = 0, end_ns = 0;
  std::uint64_t bytes = 0;
  std::uint32_t kernel = 0;  // number of its name (kernel_names.h); 0: none is known
};

// nullopt: not of interest, not finished, or not whole. `bytes`: readable from
// `record` on.
std::optional<Activity> read_activity(const abi::Record* record, std::size_t bytes);

// The name in the record of a kernel that read_activity() takes, valid until its buffer
// goes back; nullptr: it has none.
const char* kernel_name(const abi::Record* record, std::size_t bytes);

}  // namespace datamon::cupti
