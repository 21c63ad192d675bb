#include "report/timeline.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "report/file_header.h"

namespace datamon::report {
namespace {

// Two files whose clocks differ by more than this do not share a counter.
constexpr double kMostClockDisagreement_s = 0.01;

std::uint64_t baseline_ns(const format::FileHeader& header) {
  if (header.latest_index == 0) return 0;
  const std::uint64_t from = header.first_pair.monotonic_ns;
  const std::uint64_t to = header.latest_pair[header.latest_index & 1].monotonic_ns;
  return to > from ? to - from : 0;
}

// Of each boot, the file that saw the clocks longest: it knows the rate best.
std::map<std::string, std::size_t> best_clocks(const std::vector<ProcessFile>& processes) {
  std::map<std::string, std::size_t> best;
  for (std::size_t i = 0; i < processes.size(); ++i) {
    const auto [at, is_new] = best.try_emplace(text_of(processes[i].header.boot_id), i);
    if (baseline_ns(processes[i].header) > baseline_ns(processes[at->second].header))
      at->second = i;
  }
  return best;
}

// Nanoseconds on the clock that places this file: monotonic on the first
// file's machine, time of day elsewhere.
std::int64_t placed_ns(const Clock& clock, std::uint64_t ticks, bool same_boot) {
  return same_boot ? clock.monotonic_ns(ticks) : clock.realtime_ns(ticks);
}

const Clock& clock_for(const ProcessFile& process, const ProcessFile& best) {
  const std::uint64_t ticks = process.header.first_pair.ticks;
  const double apart_s = std::abs(static_cast<double>(best.clock.monotonic_ns(ticks)) -
                                  static_cast<double>(process.header.first_pair.monotonic_ns)) *
                         1e-9;
  const bool same_kind = process.header.clock_kind == best.header.clock_kind;
  return same_kind && apart_s < kMostClockDisagreement_s ? best.clock : process.clock;
}

}  // namespace

Timeline::Timeline(const std::vector<ProcessFile>& processes) {
  if (processes.empty()) return;
  const auto best = best_clocks(processes);
  const std::string home = text_of(processes.front().header.boot_id);
  const format::ClockPair& home_pair = processes.front().header.first_pair;

  // Seconds since the first file's start, then moved so that nothing begins before zero.
  double earliest_s = 0;
  for (const ProcessFile& process : processes) {
    const std::string boot = text_of(process.header.boot_id);
    const bool same_boot = boot == home;
    const Clock& clock = clock_for(process, processes[best.at(boot)]);
    const std::uint64_t ticks = process.header.first_pair.ticks;
    const std::uint64_t zero_ns = same_boot ? home_pair.monotonic_ns : home_pair.realtime_ns;
    const double start_s =
        static_cast<double>(static_cast<std::int64_t>(
            static_cast<std::uint64_t>(placed_ns(clock, ticks, same_boot)) - zero_ns)) *
        1e-9;
    axes_.emplace_back(ticks, start_s, clock.seconds(1));
    earliest_s = std::min(earliest_s, start_s);
  }
  for (std::size_t i = 0; i < processes.size(); ++i) {
    const std::uint64_t ticks = processes[i].header.first_pair.ticks;
    axes_[i] = TimeAxis(ticks, axes_[i].at(ticks) - earliest_s, axes_[i].seconds_per_tick());
  }
  // Unsigned: a damaged file's time of day may be any number, and its sum may wrap.
  const auto earliest_ns = std::llround(std::max(earliest_s, -1e9) * 1e9);
  zero_realtime_ns_ =
      static_cast<std::int64_t>(home_pair.realtime_ns + static_cast<std::uint64_t>(earliest_ns));
}

}  // namespace datamon::report
