// NVML's C interface as far as we use it (documented and stable since driver
// 418; the functions of a table entry marked optional came later).
#pragma once

namespace datamon::system::nvml {

using Device = void*;
using Result = int;  // 0: success

struct Utilization {
  unsigned gpu;     // percent of the last period
  unsigned memory;  // percent
};

struct Memory {
  unsigned long long total, free, used;  // bytes
};

inline constexpr int kClockSm = 1;

struct Functions {
  Result (*init)();
  Result (*shutdown)();
  const char* (*error_string)(Result);
  Result (*device_count)(unsigned*);
  Result (*device_by_index)(unsigned, Device*);
  // Optional: nullptr where the driver lacks them.
  Result (*driver_version)(char*, unsigned);
  Result (*name)(Device, char*, unsigned);
  Result (*utilization)(Device, Utilization*);
  Result (*memory)(Device, Memory*);
  Result (*clock)(Device, int, unsigned* megahertz);
  Result (*throttle_reasons)(Device, unsigned long long*);
  Result (*pcie_throughput)(Device, unsigned direction, unsigned* kilobytes_per_s);
  Result (*decoder)(Device, unsigned* percent, unsigned* period_us);
  Result (*jpeg)(Device, unsigned* percent, unsigned* period_us);
};

}  // namespace datamon::system::nvml
