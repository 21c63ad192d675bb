// The turns of a consumer, from its single spans.
//
// A step begins with a wait for a batch and ends where the next wait begins.
// What is neither wait nor transfer in it is compute, recorded as such or not.
#pragma once

#include <cstdint>
#include <vector>

#include "report/loader_tracks.h"

namespace datamon::report {

struct RawStep {
  double start_s = 0;     // the wait begins
  double wait_end_s = 0;  // the batch is there
  double transfer_s = 0;
  double end_s = 0;          // the next wait begins; for the last one: its last span ends
  double work_end_s = 0;     // the last span of the step ends (compute, transfer, wait)
  double other_start_s = 0;  // another loader's wait, or start-up work, begins; 0: none
  std::uint64_t id = 0;      // batch, or kNoId
  bool init = false;         // start-up work of this loader came with it or right before
  bool last_known = false;   // the following spans were not stored
  double length() const { return end_s - start_s; }
  double wait() const { return wait_end_s - start_s; }
};

struct ConsumerSteps {
  std::vector<RawStep> steps;
  bool compute_recorded = false;
  bool complete = true;  // every span of the consumer was stored
  double first_span_s = 0, last_span_s = 0;
};

ConsumerSteps collect_steps(const LoaderTrack& consumer, int loader);

}  // namespace datamon::report
