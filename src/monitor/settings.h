// The settings of options.h, read from the environment.
#pragma once

#include <cstdint>

namespace datamon::monitor {

struct Settings {
  std::uint64_t max_bytes = 0;
  std::uint64_t budget_ppm = 0;
  bool force_monotonic = false;
  bool sampler = true;
  bool nvtx = false;     // spans are also emitted as NVTX ranges
  bool nvtx_in = false;  // the job's NVTX ranges become spans
  bool probe = false;    // stages are delayed on purpose (probe.h)
  std::uint32_t probe_delay_ppm = 0;
  std::uint64_t probe_limit_ns = 0;
  bool cupti = false;  // what the GPU does is recorded
};

// Values that cannot be understood give the default and one line on stderr.
Settings read_settings();

}  // namespace datamon::monitor
