// Which part of a cell lies in the steady state.
//
// Most windows lie wholly inside or outside. For those that a boundary cuts
// through, the spans of that window decide where they were all stored; else the
// part of the window's time that is steady. What is not steady is the rest: the
// two add up to the cell exactly.
#pragma once

#include <cstdint>

#include "report/intervals.h"
#include "report/loader_tracks.h"

namespace datamon::report {

// Parts of a cell, 0..1.
struct CellShare {
  double count = 0;                                        // of its spans
  double time = 0;                                         // of their time
  std::uint64_t steady_max_ticks = 0, rest_max_ticks = 0;  // the longest span of each part
};

CellShare steady_share(const LoaderTrack& track, const format::Cell& cell, const Stretches& steady);

}  // namespace datamon::report
