#include "report/trace_slowest.h"

#include <algorithm>

namespace datamon::report {
namespace {

struct Candidate {
  const Track* track = nullptr;
  const format::SlowRecord* item = nullptr;
  std::int64_t lasts_ns = 0;
};

std::uint64_t end_of(const format::SpanRecord& span) { return span.start + span.duration; }

// How many stored spans the item encloses, itself included, or more than
// `enough` of them. Tracks keep spans in the order of their ends.
std::uint64_t stored_inside(const Track& track, const format::SlowRecord& item,
                            std::uint64_t enough) {
  const std::uint64_t end = item.start + item.duration;
  auto block = std::partition_point(
      track.spans.begin(), track.spans.end(),
      [end](const auto& spans) { return spans.empty() || end_of(spans.front()) <= end; });
  std::uint64_t inside = 0;
  while (block != track.spans.begin() && inside <= enough) {
    --block;
    auto span = std::partition_point(
        block->begin(), block->end(),
        [end](const format::SpanRecord& stored) { return end_of(stored) <= end; });
    while (span != block->begin() && inside <= enough)
      if (const auto& stored = *--span; stored.start >= item.start)
        ++inside;
      else
        return inside;
  }
  return inside;
}

std::vector<Candidate> candidates(const TraceTimeline& timeline, const TraceIdentity& identity,
                                  const std::vector<TimeWindow>& shown) {
  std::vector<Candidate> found;
  for (const TraceThread& thread : identity.threads) {
    const ProcessTime& time = timeline.processes[thread.process];
    for (const format::SlowRecord* item : thread.track->slow) {
      const std::uint64_t end = item->start + item->duration;
      if (end < item->start || end > time.last_plausible_ticks) continue;
      const std::int64_t from = time.map.ns(item->start), to = time.map.ns(end);
      const bool whole = std::any_of(shown.begin(), shown.end(), [&](const TimeWindow& window) {
        return window.deepest == kAnyDepth && window.touches(from, to);
      });
      if (!whole && to >= 0) found.push_back({thread.track, item, to - from});
    }
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const Candidate& a, const Candidate& b) { return a.lasts_ns > b.lasts_ns; });
  return found;
}

}  // namespace

std::vector<const format::SlowRecord*> slowest_elsewhere(const TraceTimeline& timeline,
                                                         const TraceIdentity& identity,
                                                         const std::vector<TimeWindow>& shown,
                                                         std::uint64_t most_slices) {
  std::vector<const format::SlowRecord*> chosen;
  for (const Candidate& candidate : candidates(timeline, identity, shown)) {
    const std::uint64_t stored = stored_inside(*candidate.track, *candidate.item, most_slices);
    const std::uint64_t slices = std::max<std::uint64_t>(stored, 1);  // its own may be gone
    if (slices > most_slices) continue;
    most_slices -= slices;
    chosen.push_back(candidate.item);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace datamon::report
