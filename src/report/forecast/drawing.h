// Series of batches and steps drawn from a recorded job.
//
// Whole batches and whole steps are drawn, in blocks of neighbours: the
// correlation within a batch, from one batch to the next, and heavy tails stay
// as they were recorded. Deterministic.
#pragma once

#include <cstdint>
#include <vector>

#include "report/forecast/job_model.h"

namespace datamon::report {

// Positions in a recorded series.
using Positions = std::vector<std::uint32_t>;

// `count` of `recorded` positions in their order, again from the start at the
// end; of a longer recording blocks spread evenly over it.
Positions in_order(std::size_t recorded, std::size_t count);
// In blocks drawn with replacement.
Positions resampled(std::size_t recorded, std::size_t count, std::size_t block, std::uint64_t seed);

struct Series {
  std::vector<BatchWork> batches;
  std::vector<StepWork> steps;
};

// The work at these positions after a scenario's changes. One batch and step for
// each position; a batch of other size takes from the batches that follow it.
Series series_of(const JobModel& model, const Scenario& scenario, const Positions& batches,
                 const Positions& steps);

}  // namespace datamon::report
