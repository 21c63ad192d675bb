// Do a job's readers share one rate? What a storage at its limit gives to one reader
// it takes from the others, so that what all of them get together is steady although
// what each gets is not. Readers that are served each by itself go their own ways:
// then the variances add up.
//
// Finds limits that no counter of this machine shows, also where every read meets as
// many others as every other one (read_overlap.h cannot tell then): a throttled volume,
// a network share. Waiting for batches in order makes readers idle together, which looks
// like the opposite.
#pragma once

#include <limits>
#include <vector>

#include "report/read_overlap.h"

namespace datamon::report {

struct ReadSharing {
  // Of the bytes that readers get in a stretch of time (a read's are spread over its
  // duration; reads where bytes are not known): the variance of the sum over the sum of
  // the variances. 1: independent readers, 0: a fixed rate for all. NaN: not known.
  double variance_ratio = std::numeric_limits<double>::quiet_NaN();
  double error = std::numeric_limits<double>::infinity();  // one standard error
  double bytes_per_s = 0;                                  // that all get together; 0: not known
};

// Needs two readers and some hundred reads. Reads that took no time are left out. Pure;
// O(reads + readers x windows), the latter at most 4 million.
ReadSharing read_sharing(const std::vector<TimedRead>& reads);

}  // namespace datamon::report
