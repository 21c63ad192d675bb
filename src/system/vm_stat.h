// /proc/vmstat: page faults, the page cache's refaults, and what was paged in.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "system/proc_file.h"

namespace datamon::system {

struct VmStat {
  std::uint64_t major_faults = 0;
  std::uint64_t paged_in_bytes = 0;       // read from block devices
  std::optional<std::uint64_t> refaults;  // file pages read again soon after they were dropped
};

std::optional<VmStat> parse_vm_stat(std::string_view text);

// Not thread-safe.
class VmStatReader {
 public:
  explicit VmStatReader(std::string_view root = "") : file_(Path{root, "/proc/vmstat"}) {}
  std::optional<VmStat> read(Scratch& scratch) const { return parse_vm_stat(file_.read(scratch)); }

 private:
  ProcFile file_;
};

}  // namespace datamon::system
