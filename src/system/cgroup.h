// What the job's control group lets it use: CPU limit and throttling, memory
// limit, and the group's own pressure. Version 1 and 2, alone or side by side,
// with all ancestors that this mount namespace can see.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "system/pressure.h"
#include "system/proc_file.h"

namespace datamon::system {

// A control group's folder and its ancestors up to the mount point.
struct CgroupFolder {
  Path path;                    // "" : this hierarchy is not there
  std::size_t mount_bytes = 0;  // how much of the path is the mount point
  bool found() const { return !path.empty(); }
};

// Where the calling process's groups are. In a container whose cgroup path
// leads out of its namespace the mount point itself stands for the group.
struct CgroupFolders {
  CgroupFolder unified;    // version 2
  CgroupFolder v1_cpu;     // version 1, controller cpu
  CgroupFolder v1_memory;  // version 1, controller memory
};
CgroupFolders find_cgroups(std::string_view root, Scratch& scratch);

struct CpuThrottling {
  std::uint64_t periods = 0;
  std::uint64_t throttled_periods = 0;
  std::uint64_t throttled_ns = 0;  // summed over CPUs
};
std::optional<CpuThrottling> parse_cpu_throttling(std::string_view text);

// "max 100000" or "150000 100000": cores; nullopt for no limit or nonsense.
std::optional<double> parse_cpu_max(std::string_view text);

struct CgroupMemory {
  std::uint64_t limit_bytes = 0;
  std::uint64_t used_bytes = 0;  // page cache included
};

// Reads the groups found at construction. Not thread-safe.
class CgroupReader {
 public:
  CgroupReader(std::string_view root, Scratch& scratch);

  // The lowest CPU limit on the way to the root, in cores; nullopt: none.
  // Opens files: meant for once in a while.
  std::optional<double> cpu_limit(Scratch& scratch) const;

  // Of the levels that had a limit at construction, since the last call, the one that was
  // stopped longest: what it grew by is added to what was told then. The first call tells
  // of such a level since boot. nullopt: no level had a limit, or none can be read.
  std::optional<CpuThrottling> throttling(Scratch& scratch);
  bool has_cpu_limit() const { return limited_levels_ > 0; }
  bool has_memory_limit() const { return memory_used_.is_open(); }

  // The lowest memory limit; nullopt: none.
  std::optional<CgroupMemory> memory(Scratch& scratch) const;

  // Of the job's own group, version 2 only.
  const PressureReader& cpu_pressure() const { return cpu_pressure_; }
  const PressureReader& io_pressure() const { return io_pressure_; }
  const PressureReader& memory_pressure() const { return memory_pressure_; }

 private:
  void open_throttling(const CgroupFolder& folder, bool unified, Scratch& scratch);
  void open_memory(const CgroupFolder& folder, bool unified, Scratch& scratch);

  static constexpr int kMaxLimitedLevels = 8;
  CgroupFolders folders_;
  ProcFile throttling_[kMaxLimitedLevels];
  std::optional<CpuThrottling> level_before_[kMaxLimitedLevels];  // as it was read last
  std::optional<CpuThrottling> told_;
  int limited_levels_ = 0;
  ProcFile memory_used_;
  std::uint64_t memory_limit_bytes_ = 0;
  PressureReader cpu_pressure_, io_pressure_, memory_pressure_;
};

}  // namespace datamon::system
