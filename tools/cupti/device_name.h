// What a device is called, as the driver that the process has loaded says.
//
// Thread-safe; may wait for the driver's own locks, so it is not for the job's threads.
#pragma once

#include <cstddef>
#include <cstdint>

namespace datamon::cupti {

// `device`: as CUPTI and CUDA number them in this process. Writes a NUL-terminated
// name; false: there is none.
bool device_name(std::uint32_t device, char* room, std::size_t bytes);

}  // namespace datamon::cupti
