#include "report/trace_density.h"

namespace datamon::report {
namespace {

constexpr std::size_t kParts = 1 << 16;

// The end of the recording's spans; damaged ones that claim to end later do not count.
std::int64_t last_end(const TraceTimeline& timeline, const TraceIdentity& identity) {
  std::int64_t last = 0;
  for (const TraceThread& thread : identity.threads) {
    const ProcessTime& time = timeline.processes[thread.process];
    for (const auto& block : thread.track->spans) {
      if (block.empty()) continue;
      const std::uint64_t end = block.back().start + block.back().duration;
      if (end <= time.last_plausible_ticks) last = std::max(last, time.map.ns(end));
    }
  }
  return last;
}

}  // namespace

TraceDensity::TraceDensity(const TraceTimeline& timeline, const TraceIdentity& identity)
    : last_ns_(last_end(timeline, identity)),
      part_ns_(last_ns_ / static_cast<std::int64_t>(kParts) + 1),
      counts_(kParts, 0) {
  for (const TraceThread& thread : identity.threads) {
    const TickMap& map = timeline.processes[thread.process].map;
    for (const auto& block : thread.track->spans)
      for (const format::SpanRecord& span : block)
        if (thread.draws(span)) ++counts_[part_of(map.ns(span.start + span.duration))];
  }
}

}  // namespace datamon::report
