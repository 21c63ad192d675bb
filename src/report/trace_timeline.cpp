#include "report/trace_timeline.h"

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <utility>

namespace datamon::report {
namespace {

constexpr double kImplausibleAfterSeconds = 86400;

std::uint64_t last_known_ticks(const format::FileHeader& header) {
  std::uint64_t last = std::max(header.first_pair.ticks, header.end_ticks);
  if (header.latest_index != 0)
    last = std::max(last, header.latest_pair[header.latest_index & 1].ticks);
  return last;
}

// What the clock of a file could be measured over: more makes its rate better.
std::uint64_t baseline_ticks(const format::FileHeader& header) {
  if (header.latest_index == 0) return 0;
  const std::uint64_t latest = header.latest_pair[header.latest_index & 1].ticks;
  return latest > header.first_pair.ticks ? latest - header.first_pair.ticks : 0;
}

std::string host_key(const ProcessFile& process) {
  const auto& boot = process.header.boot_id;
  const std::string id(boot, std::find(boot, boot + sizeof boot, '\0'));
  return id.empty() ? process.host : id;  // containers of one machine share its clocks
}

// The best file of each host and clock kind, and each host's number.
struct Clocks {
  std::map<std::string, std::size_t> host_number;
  std::map<std::size_t, std::size_t> host_process;  // whose realtime places the host
  std::map<std::pair<std::size_t, std::uint32_t>, std::size_t> kind_process;
};

// Sums that wrap: a damaged header may hold any number.
std::int64_t plus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
std::int64_t minus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

void keep_better(const std::vector<ProcessFile>& files, std::size_t& best, std::size_t candidate) {
  if (baseline_ticks(files[candidate].header) > baseline_ticks(files[best].header))
    best = candidate;
}

Clocks choose_clocks(const std::vector<ProcessFile>& files, std::vector<std::size_t>& host_of) {
  Clocks clocks;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::size_t host =
        clocks.host_number.emplace(host_key(files[i]), clocks.host_number.size()).first->second;
    host_of.push_back(host);
    keep_better(files, clocks.host_process.emplace(host, i).first->second, i);
    const auto kind = std::pair(host, files[i].header.clock_kind);
    keep_better(files, clocks.kind_process.emplace(kind, i).first->second, i);
  }
  return clocks;
}

}  // namespace

TraceTimeline build_timeline(const Recording& recording) {
  const std::vector<ProcessFile>& files = recording.processes();
  std::vector<std::size_t> host_of;
  const Clocks clocks = choose_clocks(files, host_of);

  // Each process's clock, and the nanoseconds since 1970 of that clock's first pair.
  std::vector<const ProcessFile*> clock_file(files.size());
  std::vector<std::int64_t> origin(files.size());
  std::int64_t zero = std::numeric_limits<std::int64_t>::max();
  for (std::size_t i = 0; i < files.size(); ++i) {
    const ProcessFile& placing = files[clocks.host_process.at(host_of[i])];
    const std::uint64_t anchor = placing.header.first_pair.ticks;
    const std::int64_t to_realtime =
        minus(placing.clock.realtime_ns(anchor), placing.clock.monotonic_ns(anchor));
    clock_file[i] = &files[clocks.kind_process.at({host_of[i], files[i].header.clock_kind})];
    const Clock& clock = clock_file[i]->clock;
    origin[i] = plus(clock.monotonic_ns(clock_file[i]->header.first_pair.ticks), to_realtime);
    const std::uint64_t first = files[i].header.first_pair.ticks;
    zero = std::min(zero, plus(clock.monotonic_ns(first), to_realtime));
  }

  TraceTimeline timeline;
  timeline.hosts = clocks.host_number.size();
  timeline.start_realtime_ns = files.empty() ? 0 : zero;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const double rate = clock_file[i]->clock.ticks_per_second();
    const double ns_per_tick = rate > 0 ? 1e9 / rate : 1;
    const double slack = std::min(kImplausibleAfterSeconds * 1e9 / ns_per_tick, 9e18);
    const std::uint64_t last = last_known_ticks(files[i].header);
    const std::uint64_t plausible = last + static_cast<std::uint64_t>(slack);
    const TickMap map(clock_file[i]->header.first_pair.ticks, minus(origin[i], zero), ns_per_tick);
    timeline.processes.push_back({map, plausible < last ? UINT64_MAX : plausible, host_of[i]});
  }
  return timeline;
}

}  // namespace datamon::report
