// /proc/meminfo: how much memory there is and how much holds files.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "system/proc_file.h"

namespace datamon::system {

struct MemoryInfo {
  std::uint64_t total_bytes = 0;
  std::uint64_t available_bytes = 0;
  std::uint64_t page_cache_bytes = 0;
};

std::optional<MemoryInfo> parse_memory_info(std::string_view text);

// Not thread-safe.
class MemoryInfoReader {
 public:
  explicit MemoryInfoReader(std::string_view root = "") : file_(Path{root, "/proc/meminfo"}) {}
  std::optional<MemoryInfo> read(Scratch& scratch) const {
    return parse_memory_info(file_.read(scratch));
  }

 private:
  ProcFile file_;
};

}  // namespace datamon::system
