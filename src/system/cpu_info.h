// /proc/cpuinfo and the kernel's clock source: what does not change.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "system/proc_file.h"

namespace datamon::system {

// Numbers are 0 where the machine does not say (other architectures).
struct CpuInfo {
  std::array<char, 96> model_text{};  // NUL-terminated, may be ""
  std::uint32_t cpus = 0;
  std::uint32_t sockets = 0;
  std::uint32_t threads_per_core = 0;
  bool invariant_tsc = false;  // constant_tsc and nonstop_tsc

  std::string_view model() const { return model_text.data(); }
};

CpuInfo read_cpu_info(std::string_view root, Scratch& scratch);

// "tsc", "kvm-clock", "hpet", ...; in `scratch`, "" if unknown.
std::string_view read_clock_source(std::string_view root, Scratch& scratch);

}  // namespace datamon::system
