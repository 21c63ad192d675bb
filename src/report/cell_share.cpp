#include "report/cell_share.h"

#include <algorithm>
#include <tuple>

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

// A share known without looking at spans.
CellShare whole_share(double share, const format::Cell& cell) {
  return {share, share, share > 0 ? cell.max_ticks : 0, share < 1 ? cell.max_ticks : 0};
}

constexpr auto by_cell = [](const auto& a, const auto& b) {
  return std::tie(a.shift, a.window, a.stage) < std::tie(b.shift, b.window, b.stage);
};
constexpr auto by_window = [](const auto& a, const auto& b) {
  return std::tie(a.shift, a.window) < std::tie(b.shift, b.window);
};

}  // namespace

SteadyShares::SteadyShares(const LoaderTrack& track, const Stretches& steady)
    : track_(track), steady_(steady) {
  for (const format::Cell* cell : track.track->cells) {
    const double share = share_of_time(*cell);
    if (cell->count > 0 && share > 0 && share < 1)
      cut_.push_back({.shift = cell->shift, .window = cell->window, .stage = cell->stage});
  }
  std::sort(cut_.begin(), cut_.end(), by_cell);
  if (!cut_.empty()) add_spans();
}

// Of the window's time.
double SteadyShares::share_of_time(const format::Cell& cell) const {
  const double from_ticks_s = track_.axis.at(cell.window << cell.shift);
  const double to_ticks_s = track_.axis.at((cell.window + 1) << cell.shift);
  // The thread was not there in all of its first and last window.
  const double from_s = std::max(from_ticks_s, track_.start_s);
  const double to_s = std::max(std::min(to_ticks_s, track_.end_s), from_s);
  const double length_s = to_s - from_s;
  if (length_s <= 0) return contains(steady_, from_s) ? 1 : 0;
  const double share = std::min(overlap(steady_, from_s, to_s) / length_s, 1.0);
  return share >= 1 - 1e-12 ? 1 : std::max(share, 0.0);
}

// Windows of one width do not overlap: a span ends in one of each width.
void SteadyShares::add_spans() {
  struct Width {
    std::uint8_t shift;
    std::uint64_t window;                        // that the span before ended in
    std::vector<CutCell>::iterator first, last;  // its cells, by stage
  };
  std::vector<Width> widths;
  for (auto at = cut_.begin(); at != cut_.end(); ++at)
    if (widths.empty() || widths.back().shift != at->shift)
      widths.push_back({at->shift, UINT64_MAX, at, at});
  for (const auto& block : track_.track->spans) {
    for (const SpanRecord& span : block) {
      for (Width& width : widths) {
        const std::uint64_t window = end_of(span) >> width.shift;
        if (window != width.window) {
          width.window = window;
          std::tie(width.first, width.last) = std::equal_range(
              cut_.begin(), cut_.end(), CutCell{.shift = width.shift, .window = window}, by_window);
        }
        const auto cell =
            std::lower_bound(width.first, width.last, span.stage,
                             [](const CutCell& a, std::uint16_t stage) { return a.stage < stage; });
        if (cell != width.last && cell->stage == span.stage) add(*cell, span);
      }
    }
  }
}

void SteadyShares::add(CutCell& cell, const SpanRecord& span) const {
  const bool is_inside = contains(steady_, track_.axis.at(moment_of(span)));
  const auto ticks = static_cast<double>(span.duration);
  cell.stored += 1;
  cell.stored_ticks += ticks;
  cell.inside += is_inside ? 1 : 0;
  cell.inside_ticks += is_inside ? ticks : 0;
  std::uint64_t& longest = is_inside ? cell.steady_max_ticks : cell.rest_max_ticks;
  longest = std::max(longest, span.duration);
}

CellShare SteadyShares::of(const format::Cell& cell) const {
  const double by_time = share_of_time(cell);
  const CutCell wanted{.shift = cell.shift, .window = cell.window, .stage = cell.stage};
  const auto at = std::lower_bound(cut_.begin(), cut_.end(), wanted, by_cell);
  if (at == cut_.end() || by_cell(wanted, *at) || at->stored == 0 ||
      at->stored < kEnoughStored * static_cast<double>(cell.count))
    return whole_share(by_time, cell);
  return {at->inside / at->stored,
          at->stored_ticks > 0 ? at->inside_ticks / at->stored_ticks : at->inside / at->stored,
          at->steady_max_ticks, at->rest_max_ticks};
}

}  // namespace datamon::report
