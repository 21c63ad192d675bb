// CPU time of the whole machine, its run queue and context switches.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "system/proc_file.h"

namespace datamon::system {

// Summed over all CPUs since boot. Times in nanoseconds, of the kernel's 10 ms
// resolution.
struct CpuStat {
  std::uint64_t user_ns = 0;  // nice included; guests are part of it
  std::uint64_t system_ns = 0;
  std::uint64_t irq_ns = 0;  // hard and soft
  std::uint64_t idle_ns = 0;
  std::uint64_t iowait_ns = 0;
  std::uint64_t steal_ns = 0;
  std::uint32_t cores_online = 0;
  // Absent when the text was cut off before them.
  std::optional<std::uint64_t> context_switches;
  std::optional<std::uint64_t> running;
  std::optional<std::uint64_t> blocked;
};

std::optional<CpuStat> parse_cpu_stat(std::string_view text);

// /proc/stat. Not thread-safe.
class CpuStatReader {
 public:
  explicit CpuStatReader(std::string_view root = "") : file_(Path{root, "/proc/stat"}) {}
  std::optional<CpuStat> read(Scratch& scratch) const {
    return parse_cpu_stat(file_.read(scratch));
  }

 private:
  ProcFile file_;
};

// Nanoseconds in one of the kernel's clock ticks for user space (USER_HZ).
std::uint64_t clock_tick_ns();

}  // namespace datamon::system
