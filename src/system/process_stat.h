// What one process has used: /proc/PID/stat and /proc/PID/io.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "system/proc_file.h"

namespace datamon::system {

struct ProcessStat {
  std::uint32_t parent_pid = 0;
  std::uint32_t threads = 0;
  std::uint64_t cpu_ns = 0;  // user + system of all its threads, ended ones included
  std::uint64_t major_faults = 0;
  std::uint64_t rss_bytes = 0;
  std::uint64_t start_ticks = 0;  // since boot, field 22: tells a reused pid
  char state = '?';               // 'Z': ended, not yet waited for
};

struct ProcessIo {
  std::uint64_t read_bytes = 0;       // from storage
  std::uint64_t requested_bytes = 0;  // through read(2) and the like, page cache hits included
  std::uint64_t write_bytes = 0;
};

std::optional<ProcessStat> parse_process_stat(std::string_view text);
std::optional<ProcessIo> parse_process_io(std::string_view text);

// Opens the files at each call: a descriptor held for each worker would eat
// into the job's own limit. `pid` 0 is the calling process. io is absent for
// processes of other users.
std::optional<ProcessStat> read_process_stat(std::string_view root, std::uint32_t pid,
                                             Scratch& scratch);
std::optional<ProcessIo> read_process_io(std::string_view root, std::uint32_t pid,
                                         Scratch& scratch);

}  // namespace datamon::system
