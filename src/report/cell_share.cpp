#include "report/cell_share.h"

#include <algorithm>

namespace datamon::report {
namespace {

using format::SpanRecord;

// Fewer of a window's spans than this, and they do not speak for it.
constexpr double kEnoughStored = 0.99;

std::uint64_t end_of(const SpanRecord& span) { return span.start + span.duration; }

// A span belongs where most of it lies: the wait that ends an epoch boundary ends
// where the steady state begins. An interval is told of when it ends.
std::uint64_t moment_of(const SpanRecord& span) {
  return span.flags & format::kSpanInterval ? end_of(span) : span.start + span.duration / 2;
}

// Calls visit(span) for the stored spans that end in [from, to). Blocks are in
// order of time, and so are the ends in them, but for intervals.
template <typename Visit>
void for_spans_ending_in(const Track& track, std::uint64_t from, std::uint64_t to, Visit&& visit) {
  auto block = std::partition_point(
      track.spans.begin(), track.spans.end(),
      [from](const auto& spans) { return spans.empty() || end_of(spans.back()) < from; });
  for (; block != track.spans.end(); ++block) {
    if (block->empty()) continue;
    for (const SpanRecord& span : *block) {
      const std::uint64_t end = end_of(span);
      if (end >= from && end < to) visit(span);
    }
    if (end_of(block->back()) >= to) return;
  }
}

// A share known without looking at spans.
CellShare whole_share(double share, const format::Cell& cell) {
  return {share, share, share > 0 ? cell.max_ticks : 0, share < 1 ? cell.max_ticks : 0};
}

}  // namespace

CellShare steady_share(const LoaderTrack& track, const format::Cell& cell,
                       const Stretches& steady) {
  const std::uint64_t from_ticks = cell.window << cell.shift;
  const std::uint64_t to_ticks = (cell.window + 1) << cell.shift;
  // The thread was not there in all of its first and last window.
  const double from_s = std::max(track.axis.at(from_ticks), track.start_s);
  const double to_s = std::max(std::min(track.axis.at(to_ticks), track.end_s), from_s);
  const double length_s = to_s - from_s;
  if (length_s <= 0) return whole_share(contains(steady, from_s) ? 1 : 0, cell);
  const double by_time = std::min(overlap(steady, from_s, to_s) / length_s, 1.0);
  if (by_time <= 0 || by_time >= 1 - 1e-12) return whole_share(by_time > 0 ? 1 : 0, cell);

  CellShare share;
  double stored = 0, stored_ticks = 0, inside = 0, inside_ticks = 0;
  for_spans_ending_in(*track.track, from_ticks, to_ticks, [&](const SpanRecord& span) {
    if (span.stage != cell.stage) return;
    const bool is_inside = contains(steady, track.axis.at(moment_of(span)));
    const auto ticks = static_cast<double>(span.duration);
    stored += 1;
    stored_ticks += ticks;
    inside += is_inside ? 1 : 0;
    inside_ticks += is_inside ? ticks : 0;
    std::uint64_t& longest = is_inside ? share.steady_max_ticks : share.rest_max_ticks;
    longest = std::max(longest, span.duration);
  });
  if (stored == 0 || stored < kEnoughStored * static_cast<double>(cell.count))
    return whole_share(by_time, cell);
  share.count = inside / stored;
  share.time = stored_ticks > 0 ? inside_ticks / stored_ticks : share.count;
  return share;
}

}  // namespace datamon::report
