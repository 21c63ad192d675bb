// Do a job's reads get in each other's way? A storage that serves each reader by
// itself needs the same time for a read whatever the others have asked for; one
// at its limit lets it wait for them. Shows limits that no counter of this
// machine shows: of a network share, a throttled volume, a device below a container.
//
// How: of each read it is known what was under way when it began, itself
// included: how many reads, of how many bytes. Files' sizes and order are none of
// the storage's doing. The duration's growth with that amount, at the same own
// size, is the coefficient of a regression in logarithms.
#pragma once

#include <cstddef>
#include <limits>
#include <vector>

namespace datamon::report {

struct TimedRead {
  double start_s = 0, end_s = 0;
  double bytes = 0;  // 0: not known
  int reader = 0;    // whose it is
};

struct ReadOverlap {
  std::size_t reads = 0;
  double at_once = 0;       // under way when one began, itself included; mean
  double active_share = 0;  // of the time from the first to the last: at least one under way
  // Exponent of a read's duration over what was under way when it began: 0 if
  // they do not meet, 1 if they wait for each other. NaN if that never varied.
  double growth = std::numeric_limits<double>::quiet_NaN();
  double growth_error = std::numeric_limits<double>::infinity();  // one standard error
};

// Reads that took no time are left out. Pure; O(n log n).
ReadOverlap read_overlap(std::vector<TimedRead> reads);

}  // namespace datamon::report
