#include "report/trace_default.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "report/nanoseconds.h"
#include "report/profile.h"
#include "report/text_units.h"
#include "report/trace_density.h"
#include "report/trace_slowest.h"
#include "report/trace_steps.h"

namespace datamon::report {
namespace {

// Shares of most_slices. What the start-up does not need goes to the steady
// work; the rest is a margin for slices that reach across a window's edge.
constexpr double kStartUpShare = 0.15;
constexpr double kSlowShare = 0.10;
constexpr double kAllShare = 0.95;

std::int64_t to_ns(double value_s) {
  return static_cast<std::int64_t>(
      std::clamp(value_s * 1e9, 0.0, static_cast<double>(kLastTraceNs)));
}

std::uint64_t share_of(std::uint64_t slices, double share) {
  return static_cast<std::uint64_t>(static_cast<double>(slices) * share);
}

std::uint64_t stored_spans(const TraceIdentity& identity) {
  std::uint64_t count = 0;
  for (const TraceThread& thread : identity.threads)
    for (const auto& block : thread.track->spans) count += block.size();
  return count;
}

// A window, how many slices it holds, and its words.
struct Part {
  TimeWindow window;
  std::uint64_t slices = 0;
  std::string words;
};

class DefaultSelector {
 public:
  DefaultSelector(const Recording& recording, const TraceTimeline& timeline,
                  const TraceIdentity& identity, std::uint64_t most_slices)
      : recording_(recording),
        timeline_(timeline),
        identity_(identity),
        most_(most_slices),
        phases_(build_profile(recording).phases),
        density_(timeline, identity) {}

  TraceSelection run() const {
    const std::optional<Part> first = start_up();
    const std::uint64_t slow = share_of(most_, kSlowShare);
    const std::uint64_t used = slow + (first ? first->slices : 0);
    const std::uint64_t most = share_of(most_, kAllShare);
    Part work = steady(first ? first->window.end + 1 : 0, most > used ? most - used : 0);
    TraceSelection selection;
    selection.windows.clear();
    if (first) add(selection, *first);
    add(selection, work);
    selection.slow = slowest_elsewhere(timeline_, identity_, selection.windows, slow);
    return selection;
  }

 private:
  static void add(TraceSelection& selection, const Part& part) {
    selection.windows.push_back(part.window);
    selection.window_words.push_back(part.words);
  }

  // How many slices touch the window, by how deep they are nested.
  std::array<std::uint64_t, kAnyDepth + 1> by_depth(TimeWindow window) const {
    std::array<std::uint64_t, kAnyDepth + 1> counts{};
    for (const TraceThread& thread : identity_.threads) {
      const TickMap& map = timeline_.processes[thread.process].map;
      for (const auto& block : thread.track->spans)
        for (const format::SpanRecord& span : block)
          if (thread.draws(span) &&
              window.touches(map.ns(span.start), map.ns(span.start + span.duration)))
            ++counts[span.depth];
    }
    return counts;
  }

  // All of it; or its outer slices, as deep as there is room; or its beginning.
  std::optional<Part> start_up() const {
    if (phases_.empty() || phases_.front().kind != PhaseKind::kStartUp) return std::nullopt;
    Part part{{0, to_ns(phases_.front().end_s), 0}, 0, {}};
    const std::uint64_t room = share_of(most_, kStartUpShare);
    const auto counts = by_depth(part.window);
    if (counts[0] > room) return beginning(part.window.end, room);
    part.slices = counts[0];
    while (part.window.deepest < kAnyDepth &&
           part.slices + counts[static_cast<std::size_t>(part.window.deepest) + 1] <= room)
      part.slices += counts[static_cast<std::size_t>(++part.window.deepest)];
    part.words = fmt::format("the start-up (0 to {:.3f} s{})", seconds(part.window.end),
                             part.window.deepest == kAnyDepth
                                 ? std::string()
                                 : fmt::format(", only its outer slices; --to {:.3f} shows all",
                                               seconds(part.window.end)));
    return part;
  }

  Part beginning(std::int64_t start_up_end, std::uint64_t room) const {
    Part part{{0, 0, kAnyDepth}, 0, {}};
    std::size_t at = 0;
    while (at < density_.part_of(start_up_end) && part.slices + density_.count_of(at) <= room)
      part.slices += density_.count_of(at++);
    part.window.end = std::max<std::int64_t>(density_.begin_of(at) - 1, 0);
    part.words = fmt::format("the beginning (0 to {:.3f} s) of the start-up (to {:.3f} s)",
                             seconds(part.window.end), seconds(start_up_end));
    return part;
  }

  // Steady work with the epoch boundaries inside it, where spans were kept.
  std::vector<TimeWindow> steady_stretches(std::int64_t from) const {
    std::vector<TimeWindow> found;
    bool open = false;
    for (const Phase& phase : phases_) {
      if (phase.kind == PhaseKind::kSteady) {
        const TimeWindow window{std::max(to_ns(phase.start_s), from), to_ns(phase.end_s)};
        if (open)
          found.back().end = window.end;
        else
          found.push_back(window);
        open = true;
      } else if (phase.kind != PhaseKind::kEpochBoundary) {
        open = false;
      }
    }
    const LostSpans lost = find_lost(timeline_, identity_);
    if (lost.spans == 0) return found;
    std::vector<TimeWindow> kept;
    for (const TimeWindow& window : found) {
      kept.push_back({window.begin, std::min(window.end, lost.from)});
      kept.push_back({std::max(window.begin, lost.to), window.end});
    }
    return kept;
  }

  // The stretch that fills the room best; of equal ones the latest, whose caches are warm.
  Part steady(std::int64_t from, std::uint64_t room) const {
    Part best;
    TimeWindow of;
    bool found = false;
    for (const TimeWindow& stretch : steady_stretches(from)) {
      if (stretch.end <= stretch.begin) continue;
      const std::uint64_t slices = density_.count(stretch.begin, stretch.end);
      if (slices == 0 || std::min(slices, room) < best.slices) continue;
      best = {stretch, std::min(slices, room), {}};
      of = stretch;
      found = true;
    }
    if (!found) of = {from, std::max(density_.last_ns(), from)};
    best.window = middle(of, room);
    const char* what = found ? "the steady work" : "the run (no steady work was found in it)";
    std::string words;
    if (const auto whole = whole_steps(recording_, timeline_, identity_, best.window)) {
      best.window = whole->window;
      words = fmt::format("steps {} to {}", whole->steps.first, whole->steps.last - 1);
    } else {
      words = "a stretch";
    }
    best.words = fmt::format("{} ({:.3f} to {:.3f} s) of {} ({:.3f} to {:.3f} s)", words,
                             seconds(best.window.begin), seconds(best.window.end), what,
                             seconds(of.begin), seconds(of.end));
    return best;
  }

  // As much from the middle of a stretch as there is room for.
  TimeWindow middle(TimeWindow of, std::uint64_t room) const {
    const std::uint64_t all = density_.count(of.begin, of.end);
    if (all <= room) return of;
    const std::size_t last = density_.part_of(of.end);
    std::size_t at = density_.part_of(of.begin);
    for (std::uint64_t skipped = 0; at < last; ++at) {
      skipped += density_.count_of(at);
      if (skipped > (all - room) / 2) break;
    }
    const std::int64_t begin = std::max(density_.begin_of(at), of.begin);
    for (std::uint64_t taken = 0; at <= last; ++at) {
      taken += density_.count_of(at);
      if (taken > room) break;
    }
    return {begin, std::clamp(density_.begin_of(at) - 1, begin, of.end), kAnyDepth};
  }

  const Recording& recording_;
  const TraceTimeline& timeline_;
  const TraceIdentity& identity_;
  const std::uint64_t most_;
  const std::vector<Phase> phases_;
  const TraceDensity density_;
};

}  // namespace

TraceSelection select_by_default(const Recording& recording, const TraceTimeline& timeline,
                                 const TraceIdentity& identity, const TraceOptions& options) {
  if (stored_spans(identity) <= options.most_slices) return {};
  return DefaultSelector(recording, timeline, identity, options.most_slices).run();
}

std::vector<std::string> default_statements(const TraceSelection& selection,
                                            const SelectedCounts& counts) {
  if (selection.window_words.empty()) return {};
  std::uint64_t shown = counts.slow;
  for (const std::uint64_t slices : counts.in_window) shown += slices;
  std::vector<std::string> statements{
      fmt::format("{} of {} slices are left out, more than viewers open with ease; --all exports "
                  "everything, --steps FIRST:END or --from and --to another part",
                  counts.left_out, counts.left_out + shown)};
  for (std::size_t i = 0; i < selection.window_words.size(); ++i)
    statements.push_back(fmt::format("shown: {}: {} slice{}", selection.window_words[i],
                                     counts.in_window[i],
                                     plural(static_cast<double>(counts.in_window[i]))));
  statements.push_back(
      fmt::format("shown: slowest items of the rest: {}, with what they did: {} slice{}",
                  selection.slow.size(), counts.slow, plural(static_cast<double>(counts.slow))));
  return statements;
}

}  // namespace datamon::report
