#include "report/trace_selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "report/trace_gaps.h"
#include "report/trace_steps.h"

namespace datamon::report {
namespace {

// Shares of most_slices in a default selection; the rest is a margin for slices
// that reach across a window's edge.
constexpr double kBeginningShare = 0.10;
constexpr double kSteadyShare = 0.75;
constexpr double kSlowShare = 0.10;

double seconds(std::int64_t ns) { return static_cast<double>(ns) * 1e-9; }

std::uint64_t stored_spans(const TraceIdentity& identity) {
  std::uint64_t count = 0;
  for (const TraceThread& thread : identity.threads)
    for (const auto& block : thread.track->spans) count += block.size();
  return count;
}

// How many slices end in each of many equal parts of the recording.
class Density {
 public:
  Density(const Timeline& timeline, const TraceIdentity& identity) : counts_(kParts, 0) {
    for_last_spans(timeline, identity);
    for (const TraceThread& thread : identity.threads) {
      const TickMap& map = timeline.processes[thread.process].map;
      for (const auto& block : thread.track->spans)
        for (const format::SpanRecord& span : block)
          if ((span.flags & format::kSpanInterval) == 0)
            ++counts_[part_of(map.ns(span.start + span.duration))];
    }
  }

  std::size_t parts() const { return kParts; }
  std::uint64_t count(std::size_t part) const { return counts_[part]; }
  std::int64_t begin(std::size_t part) const { return static_cast<std::int64_t>(part) * part_ns_; }
  std::size_t part_of(std::int64_t ns) const {
    if (ns <= 0) return 0;
    return std::min(static_cast<std::size_t>(ns / part_ns_), kParts - 1);
  }

 private:
  static constexpr std::size_t kParts = 1 << 16;

  // The end of the recording's spans; damaged ones that claim to end later do not count.
  void for_last_spans(const Timeline& timeline, const TraceIdentity& identity) {
    std::int64_t last = 0;
    for (const TraceThread& thread : identity.threads) {
      const ProcessTime& time = timeline.processes[thread.process];
      for (const auto& block : thread.track->spans) {
        if (block.empty()) continue;
        const std::uint64_t end = block.back().start + block.back().duration;
        if (end <= time.last_plausible_ticks) last = std::max(last, time.map.ns(end));
      }
    }
    part_ns_ = last / static_cast<std::int64_t>(kParts) + 1;
  }

  std::int64_t part_ns_ = 1;
  std::vector<std::uint64_t> counts_;
};

TimeWindow beginning(const Density& density, double budget) {
  std::size_t part = 0;
  double taken = 0;
  while (part < density.parts() && taken + static_cast<double>(density.count(part)) <= budget)
    taken += static_cast<double>(density.count(part++));
  return {0, std::max<std::int64_t>(density.begin(part) - 1, 0)};
}

// As long a stretch as the budget allows that ends with `end`.
TimeWindow stretch_before(const Density& density, std::int64_t end, double budget) {
  std::size_t part = density.part_of(end) + 1;
  double taken = 0;
  while (part > 0 && taken + static_cast<double>(density.count(part - 1)) <= budget)
    taken += static_cast<double>(density.count(--part));
  return {density.begin(part), std::max(end, density.begin(part))};
}

// Steady work looks the same everywhere; the middle of what was kept latest is
// neither start-up nor the end of the run.
std::int64_t end_of_steady(const Density& density, double budget) {
  std::uint64_t total = 0, behind = 0;
  for (std::size_t i = 0; i < density.parts(); ++i) total += density.count(i);
  const double spare = std::max(0.0, (static_cast<double>(total) - budget) / 2);
  const double most_behind = std::min(spare, budget / 4);
  std::size_t part = density.parts();
  while (part > 1 && static_cast<double>(behind + density.count(part - 1)) <= most_behind)
    behind += density.count(--part);
  return density.begin(part) - 1;
}

TraceSelection default_selection(const Timeline& timeline, const TraceIdentity& identity,
                                 std::uint64_t stored, const TraceOptions& options) {
  TraceSelection selection;
  if (stored <= options.most_slices) return selection;
  const double most = static_cast<double>(options.most_slices);
  const Density density(timeline, identity);
  TimeWindow first = beginning(density, most * kBeginningShare);
  TimeWindow steady =
      stretch_before(density, end_of_steady(density, most * kSteadyShare), most * kSteadyShare);
  selection.windows = {first, steady};
  if (steady.begin <= first.end) selection.windows = {TimeWindow{0, steady.end}};
  selection.slow_slices = static_cast<std::uint64_t>(most * kSlowShare);
  selection.statements.push_back(fmt::format(
      "{} spans are more than viewers open with ease: this shows the beginning (0 to {:.3f} s), "
      "{:.3f} to {:.3f} s of the later work, and the slowest items of the rest; --all exports "
      "everything, --from and --to or --steps another part",
      stored, seconds(first.end), seconds(steady.begin), seconds(steady.end)));
  return selection;
}

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

TraceSelection select_spans(const Recording& recording, const Timeline& timeline,
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
  return default_selection(timeline, identity, stored_spans(identity), options);
}

std::vector<std::string> gap_statements(const Timeline& timeline, const TraceIdentity& identity) {
  std::int64_t from = kLastTraceNs, to = 0;
  std::uint64_t lost = 0, threads = 0;
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
      from = std::min(from, last == nullptr ? 0 : map.ns(last->start + last->duration));
      to = std::max(to, map.ns(next.start + next.duration));
      lost += track.spans_before[i] - before;
      any = true;
    }
    threads += any ? 1 : 0;
  }
  if (lost == 0) return {};
  return {
      fmt::format("between {:.3f} and {:.3f} s the recording did not keep {} spans of {} "
                  "threads one by one (their sums are in `datamon report`); record with a "
                  "larger MON_MAX_MB to keep more",
                  seconds(std::max<std::int64_t>(from, 0)), seconds(to), lost, threads)};
}

}  // namespace datamon::report
