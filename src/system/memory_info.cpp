#include "system/memory_info.h"

namespace datamon::system {

// MemAvailable is there since Linux 3.14; before, free memory and page cache
// together come close.
std::optional<MemoryInfo> parse_memory_info(std::string_view text) {
  const auto total = find_number(text, "MemTotal:");
  const auto free = find_number(text, "MemFree:");
  const auto cached = find_number(text, "Cached:");
  if (!total || !free || !cached) return std::nullopt;
  const auto available = find_number(text, "MemAvailable:").value_or(*free + *cached);
  return MemoryInfo{*total * 1024, available * 1024, *cached * 1024};
}

}  // namespace datamon::system
