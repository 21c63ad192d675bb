#include "system/cpu_stat.h"

#include <unistd.h>

namespace datamon::system {
namespace {

// "cpu  user nice system idle iowait irq softirq steal guest guest_nice"; old
// kernels print fewer columns.
bool parse_total(std::string_view line, CpuStat& stat) {
  std::uint64_t column[8] = {};
  int columns = 0;
  while (columns < 8) {
    const auto value = next_number(line);
    if (!value) break;
    column[columns++] = *value * clock_tick_ns();
  }
  if (columns < 4) return false;
  stat.user_ns = column[0] + column[1];
  stat.system_ns = column[2];
  stat.idle_ns = column[3];
  stat.iowait_ns = column[4];
  stat.irq_ns = column[5] + column[6];
  stat.steal_ns = column[7];
  return true;
}

}  // namespace

std::uint64_t clock_tick_ns() {
  static const std::uint64_t ns = [] {
    const long hertz = ::sysconf(_SC_CLK_TCK);
    return hertz > 0 ? 1'000'000'000 / static_cast<std::uint64_t>(hertz) : 10'000'000;
  }();
  return ns;
}

std::optional<CpuStat> parse_cpu_stat(std::string_view text) {
  CpuStat stat;
  bool total = false;
  while (auto line = next_line(text)) {
    const std::string_view key = next_word(*line);
    if (key == "cpu") {
      total = parse_total(*line, stat);
    } else if (key.starts_with("cpu")) {
      if (parse<std::uint32_t>(key.substr(3))) ++stat.cores_online;
    } else if (key == "ctxt") {
      stat.context_switches = next_number(*line);
    } else if (key == "procs_running") {
      stat.running = next_number(*line);
    } else if (key == "procs_blocked") {
      stat.blocked = next_number(*line);
    }
  }
  if (!total) return std::nullopt;
  return stat;
}

}  // namespace datamon::system
