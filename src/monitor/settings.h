// The settings of options.h, read from the environment.
#pragma once

#include <cstdint>

namespace datamon::monitor {

struct Settings {
  std::uint64_t max_bytes = 0;
  std::uint64_t budget_ppm = 0;
  bool force_monotonic = false;
  bool sampler = true;
};

// Values that cannot be understood give the default and one line on stderr.
Settings read_settings();

}  // namespace datamon::monitor
