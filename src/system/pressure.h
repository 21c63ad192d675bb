// Pressure stall information: /proc/pressure/* and a cgroup's own files.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "system/proc_file.h"

namespace datamon::system {

// Nanoseconds since boot (or since the cgroup was made) in which some, or all,
// threads that had work were stalled. The machine's cpu file has no "full" line
// on older kernels; it is 0 then.
struct Pressure {
  std::uint64_t some_ns = 0;
  std::uint64_t full_ns = 0;
};

std::optional<Pressure> parse_pressure(std::string_view text);

// One file of that kind. Some kernels have the file and refuse to read it when
// PSI is switched off (psi=0): available() tells. Not thread-safe.
class PressureReader {
 public:
  PressureReader() = default;
  explicit PressureReader(const Path& path) : file_(path) {}
  bool available(Scratch& scratch) const { return read(scratch).has_value(); }
  std::optional<Pressure> read(Scratch& scratch) const {
    return parse_pressure(file_.read(scratch));
  }

 private:
  ProcFile file_;
};

}  // namespace datamon::system
