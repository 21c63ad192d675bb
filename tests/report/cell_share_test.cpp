// Shares of cells that a boundary of the steady state cuts through.
#include "report/cell_share.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <vector>

#include "damage.h"

namespace datamon::report {
namespace {

using format::Cell;
using format::SpanRecord;
using testing::Dice;

// Spans of several stages one after the other, and the cells that they make.
class OneTrack {
 public:
  OneTrack(std::uint64_t seed, std::size_t spans, std::uint16_t stages) {
    Dice dice(seed);
    std::uint64_t at = 1000;
    for (std::size_t i = 0; i < spans; ++i) {
      SpanRecord& span = spans_.emplace_back();
      span.start = at + dice.below(50);
      span.duration = dice.below(400);
      span.stage = static_cast<std::uint16_t>(1 + dice.below(stages));
      if (dice.below(20) == 0) span.flags = format::kSpanInterval;
      at = span.start + span.duration;
      // Windows of two widths, as a store that has merged some of them leaves them.
      add_to_cell(span, span.stage % 3 == 0 ? 11 : 13);
    }
    for (std::size_t first = 0; first < spans; first += 100)
      track_.spans.emplace_back(spans_.data() + first, std::min<std::size_t>(100, spans - first));
    for (const Cell& cell : cells_) track_.cells.push_back(&cell);
    loader_track_.track = &track_;
    loader_track_.axis = TimeAxis(0, 0, 1e-3);
    loader_track_.start_s = 1;
    loader_track_.end_s = static_cast<double>(at) * 1e-3;
  }

  // As if the writer had kept no more than this.
  void forget(std::size_t block) {
    track_.spans.erase(track_.spans.begin() + static_cast<std::ptrdiff_t>(block));
  }

  const LoaderTrack& get() const { return loader_track_; }
  const std::vector<SpanRecord>& spans() const { return spans_; }
  std::deque<Cell>& cells() { return cells_; }

 private:
  void add_to_cell(const SpanRecord& span, std::uint8_t shift) {
    const std::uint64_t window = (span.start + span.duration) >> shift;
    auto cell = std::find_if(cells_.begin(), cells_.end(), [&](const Cell& one) {
      return one.window == window && one.stage == span.stage;
    });
    if (cell == cells_.end()) {
      cell = cells_.emplace(cells_.end());
      cell->window = window;
      cell->shift = shift;
      cell->stage = span.stage;
    }
    ++cell->count;
    cell->max_ticks = std::max(cell->max_ticks, span.duration);
  }

  std::vector<SpanRecord> spans_;
  std::deque<Cell> cells_;
  Track track_;
  LoaderTrack loader_track_;
};

// Each cell by itself, from all spans.
CellShare from_spans(const LoaderTrack& track, const Cell& cell, const Stretches& steady) {
  CellShare share;
  double spans = 0, ticks = 0;
  for (const auto& block : track.track->spans) {
    for (const SpanRecord& span : block) {
      const std::uint64_t end = span.start + span.duration;
      if (span.stage != cell.stage || end >> cell.shift != cell.window) continue;
      const bool interval = (span.flags & format::kSpanInterval) != 0;
      const bool inside =
          contains(steady, track.axis.at(interval ? end : span.start + span.duration / 2));
      const auto length = static_cast<double>(span.duration);
      spans += 1;
      ticks += length;
      share.count += inside ? 1 : 0;
      share.time += inside ? length : 0;
      std::uint64_t& longest = inside ? share.steady_max_ticks : share.rest_max_ticks;
      longest = std::max(longest, span.duration);
    }
  }
  share.time = ticks > 0 ? share.time / ticks : share.count / spans;
  share.count /= spans;
  return share;
}

// Is the cell's window neither wholly steady nor wholly not?
bool is_cut(const LoaderTrack& track, const Cell& cell, const Stretches& steady) {
  const double from_s = std::max(track.axis.at(cell.window << cell.shift), track.start_s);
  const double to_s = std::min(track.axis.at((cell.window + 1) << cell.shift), track.end_s);
  const double covered_s = overlap(steady, from_s, to_s);
  return covered_s > 0 && covered_s < (to_s - from_s) * (1 - 1e-12);
}

TEST(CellShare, SpansOfCutWindowsDecide) {
  std::size_t cut = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    OneTrack track(seed, 500, 5);
    const double end_s = track.get().end_s;
    const Stretches steady = {{0.11 * end_s, 0.4 * end_s}, {0.43 * end_s, 0.9 * end_s}};
    const SteadyShares shares(track.get(), steady);
    for (const Cell& cell : track.cells()) {
      if (!is_cut(track.get(), cell, steady)) continue;
      ++cut;
      const CellShare expected = from_spans(track.get(), cell, steady), share = shares.of(cell);
      EXPECT_EQ(share.count, expected.count);
      EXPECT_EQ(share.time, expected.time);
      EXPECT_EQ(share.steady_max_ticks, expected.steady_max_ticks);
      EXPECT_EQ(share.rest_max_ticks, expected.rest_max_ticks);
    }
  }
  EXPECT_GT(cut, 200u);
}

TEST(CellShare, WithoutTheirSpansTheTimeOfTheWindowDecides) {
  OneTrack track(1, 500, 1);
  track.forget(2);
  const double at_s = 1e-3 * static_cast<double>(track.spans()[250].start);
  const Stretches steady = {{at_s, track.get().end_s}};
  const SteadyShares shares(track.get(), steady);
  for (const Cell& cell : track.cells()) {
    if (!is_cut(track.get(), cell, steady)) continue;
    const double from_s = track.get().axis.at(cell.window << cell.shift);
    const double length_s = track.get().axis.lasting(std::uint64_t{1} << cell.shift);
    EXPECT_NEAR(shares.of(cell).time, 1 - (at_s - from_s) / length_s, 1e-9);
    EXPECT_EQ(shares.of(cell).steady_max_ticks, cell.max_ticks);
    return;
  }
  FAIL() << "no window is cut";
}

// As many stages as a file may define, all of them in one window that a boundary cuts, with
// many spans in it: each span is looked at once, not once a stage.
TEST(CellShare, ManyStagesInOneCutWindow) {
  constexpr std::size_t kStages = 60'000, kSpans = 300'000;
  std::vector<SpanRecord> spans(kSpans);
  for (std::size_t i = 0; i < kSpans; ++i) {
    spans[i].start = i;
    spans[i].duration = 1;
    spans[i].stage = static_cast<std::uint16_t>(i % kStages);
  }
  std::vector<Cell> cells(kStages);
  Track track;
  track.spans.emplace_back(spans);
  for (std::size_t stage = 0; stage < kStages; ++stage) {
    cells[stage].shift = 20;
    cells[stage].stage = static_cast<std::uint16_t>(stage);
    cells[stage].count = kSpans / kStages;
    track.cells.push_back(&cells[stage]);
  }
  LoaderTrack loader_track;
  loader_track.track = &track;
  loader_track.axis = TimeAxis(0, 0, 1);
  loader_track.end_s = static_cast<double>(kSpans);
  const Stretches steady = {{0, 0.6 * kSpans}};
  const SteadyShares shares(loader_track, steady);
  double count = 0;
  for (const Cell& cell : cells) count += shares.of(cell).count * static_cast<double>(cell.count);
  EXPECT_NEAR(count, 0.6 * kSpans, 2);
}

}  // namespace
}  // namespace datamon::report
