// Which part of a cell lies in the steady state.
//
// Most windows lie wholly inside or outside. For those that a boundary cuts
// through, the spans of that window decide where they were all stored; else the
// part of the window's time that is steady. What is not steady is the rest: the
// two add up to the cell exactly.
#pragma once

#include <cstdint>
#include <vector>

#include "report/intervals.h"
#include "report/loader_tracks.h"

namespace datamon::report {

// Parts of a cell, 0..1.
struct CellShare {
  double count = 0;                                        // of its spans
  double time = 0;                                         // of their time
  std::uint64_t steady_max_ticks = 0, rest_max_ticks = 0;  // the longest span of each part
};

// Of all cells of one track, whose spans are gone through once, however many stages
// and windows are cut through.
class SteadyShares {
 public:
  // Both must outlive this.
  SteadyShares(const LoaderTrack& track, const Stretches& steady);

  // Of one of the track's cells.
  CellShare of(const format::Cell& cell) const;

 private:
  // Of a cut cell: its spans, and those of them that are steady.
  struct CutCell {
    std::uint8_t shift = 0;
    std::uint64_t window = 0;
    std::uint16_t stage = 0;
    double stored = 0, stored_ticks = 0, inside = 0, inside_ticks = 0;
    std::uint64_t steady_max_ticks = 0, rest_max_ticks = 0;
  };

  double share_of_time(const format::Cell& cell) const;
  void add_spans();
  void add(CutCell& cell, const format::SpanRecord& span) const;

  const LoaderTrack& track_;
  const Stretches& steady_;
  std::vector<CutCell> cut_;  // by shift, window, stage
};

}  // namespace datamon::report
