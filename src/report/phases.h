// When was the loader in its steady state? Rates of a run that include the
// start of the workers, the turn of an epoch or a lunch break say nothing.
//
// The rule, for each consumer:
// - start-up: until its first batch, and then until step times settle: the
//   truncation point of MSER (the cut after which the mean of the rest is known
//   best, of logarithms so that one slow step does not decide; at most half of
//   the steps). The first step is never steady.
// - epoch boundary: the wait of a step behind one that got no batch, or in which
//   workers started, or start-up work of this loader was recorded, or whose batch
//   number starts again (comes a second time, or lies below all before; a lower one
//   alone is a batch that took longer); from the end of the step before to the end
//   of that wait.
// - idle: the consumer did nothing for this loader between two steps, or before
//   the first: it was at another loader's steps (steps.h), or did nothing at all
//   for longer than several median steps (the constants are in phases.cpp); in
//   the parts of a long run whose spans were not kept, windows without any step.
// - drain: after the last step; a wait that got no batch is none. No wait tells when
//   the last step ended, only a compute span that may have been ended late: if it is
//   much longer than others it belongs to the drain.
// - steady: everything else.
// Without a consumer the workers decide: steady from the first batch made to the last.
#pragma once

#include <vector>

#include "report/intervals.h"
#include "report/loader_tracks.h"
#include "report/steps.h"

namespace datamon::report {

struct ConsumerPhases {
  std::vector<Phase> phases;    // in order, without gaps
  Stretches steady;             // of them
  std::vector<bool> is_steady;  // of each step
  double begin_s = 0;  // 0, or when the thread came here from another loader: idle until then
};

ConsumerPhases find_phases(const ConsumerSteps& steps, const LoaderTrack& consumer,
                           const std::vector<LoaderTrack>& workers, int loader, double end_s);

// For a recording without a consumer.
ConsumerPhases phases_of_workers(const std::vector<LoaderTrack>& workers, double end_s);

// Index of the first value of the settled part, by MSER; 0 for short series.
std::size_t settled_from(const std::vector<double>& values);

}  // namespace datamon::report
