// /proc/loadavg: the cheapest place to learn how many threads can run now.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "system/proc_file.h"

namespace datamon::system {

struct LoadAverage {
  double one_minute = 0;
  double five_minutes = 0;
  double fifteen_minutes = 0;
  std::uint64_t runnable = 0;  // running or ready, the reader itself included
  std::uint64_t threads = 0;   // of the machine
};

std::optional<LoadAverage> parse_load_average(std::string_view text);

// Not thread-safe.
class LoadAverageReader {
 public:
  explicit LoadAverageReader(std::string_view root = "") : file_(Path{root, "/proc/loadavg"}) {}
  std::optional<LoadAverage> read(Scratch& scratch) const {
    return parse_load_average(file_.read(scratch));
  }

 private:
  ProcFile file_;
};

}  // namespace datamon::system
