#include "report/trace_selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "report/nanoseconds.h"
#include "report/text_units.h"
#include "report/trace_default.h"
#include "report/trace_gaps.h"
#include "report/trace_steps.h"

namespace datamon::report {
namespace {

std::int64_t to_ns(double value_s, const char* option) {
  if (!(value_s >= 0))
    throw TraceSelectionError(fmt::format("{} {} is not a time since the start", option, value_s));
  return static_cast<std::int64_t>(std::min(value_s * 1e9, static_cast<double>(kLastTraceNs)));
}

TraceSelection part(TimeWindow window) {
  TraceSelection selection;
  selection.windows = {window};
  selection.counters = window;
  return selection;
}

}  // namespace

TraceSelection select_spans(const Recording& recording, const TraceTimeline& timeline,
                            const TraceIdentity& identity, const TraceOptions& options) {
  if (options.steps) {
    const TimeWindow window = window_of_steps(recording, timeline, identity, *options.steps);
    TraceSelection selection = part(window);
    selection.statements.push_back(
        fmt::format("only {:.3f} to {:.3f} s, which holds the steps "
                    "asked for; leave out --steps for all",
                    seconds(window.begin), seconds(window.end)));
    return selection;
  }
  if (options.from_s || options.to_s) {
    TimeWindow window;
    if (options.from_s) window.begin = to_ns(*options.from_s, "--from");
    if (options.to_s) window.end = to_ns(*options.to_s, "--to");
    if (window.end < window.begin)
      throw TraceSelectionError(
          fmt::format("--from {} is later than --to {}", *options.from_s, *options.to_s));
    TraceSelection selection = part(window);
    selection.statements.emplace_back("only the time asked for with --from and --to");
    return selection;
  }
  if (options.all) return {};
  return select_by_default(recording, timeline, identity, options);
}

LostSpans find_lost(const TraceTimeline& timeline, const TraceIdentity& identity) {
  LostSpans lost;
  for (const TraceThread& thread : identity.threads) {
    const TickMap& map = timeline.processes[thread.process].map;
    const Track& track = *thread.track;
    bool any = false;
    for (std::size_t i = 0; i < track.spans.size(); ++i) {
      if (track.spans[i].empty() || !gap_before(track, i)) continue;
      const bool first = i == 0 || track.spans[i - 1].empty();
      const std::uint64_t before =
          i == 0 ? 0 : track.spans_before[i - 1] + track.spans[i - 1].size();
      const format::SpanRecord& next = track.spans[i].front();
      const format::SpanRecord* last = first ? nullptr : &track.spans[i - 1].back();
      lost.from = std::min(lost.from, last == nullptr ? 0 : map.ns(last->start + last->duration));
      lost.to = std::max(lost.to, map.ns(next.start + next.duration));
      lost.spans += track.spans_before[i] - before;
      any = true;
    }
    lost.threads += any ? 1 : 0;
  }
  lost.from = std::max<std::int64_t>(lost.from, 0);
  return lost;
}

std::vector<std::string> gap_statements(const TraceTimeline& timeline,
                                        const TraceIdentity& identity) {
  const LostSpans lost = find_lost(timeline, identity);
  if (lost.spans == 0) return {};
  return {fmt::format(
      "between {:.3f} and {:.3f} s the recording did not keep {} span{} of {} "
      "thread{} one by one (their sums are in `datamon report`); record with a "
      "larger MON_MAX_MB to keep more",
      seconds(lost.from), seconds(lost.to), lost.spans, plural(static_cast<double>(lost.spans)),
      lost.threads, plural(static_cast<double>(lost.threads)))};
}

}  // namespace datamon::report
