// The turns of a consumer, from its single spans.
//
// A step begins with a wait for a batch and ends where the next wait begins.
// What is neither wait nor transfer in it is compute, recorded as such or not.
//
// The wait that finds the end of an epoch begins no step: it got no batch. It has no
// number where waits have the number of the batch they got.
//
// A thread may take from several loaders.
// - Where it computes for this loader again, it was inside the step at another one's
//   steps (a loop in a loop): that time is neither wait nor compute of this step.
// - If steps usually hold waits for others (two loaders zipped), or one holds a
//   single one, those waits are neither wait nor compute of this one.
// - Else the first one ends the step: the thread has turned to another loader's
//   steps (a validation pass), until the next wait for this one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "report/loader_tracks.h"

namespace datamon::report {

struct RawStep {
  double start_s = 0;     // the wait begins
  double wait_end_s = 0;  // the batch is there
  double transfer_s = 0;
  double other_s = 0;       // inside waits, start-up work and whole steps of other loaders
  double end_s = 0;         // the next wait begins; for the last one: its last span ends
  double work_end_s = 0;    // the last span of the step ends (compute, transfer, waits)
  double init_start_s = 0;  // start-up work of this loader begins behind it; 0: none
  // The thread was at another loader's steps; both 0: it was not.
  double away_from_s = 0, away_to_s = 0;
  std::uint64_t id = 0;     // batch, or kNoId
  bool init = false;        // start-up work of this loader came with it or right before
  bool computed = false;    // the compute in it was recorded to its end
  bool no_batch = false;    // no step: its wait got no batch (the end of an epoch)
  bool last_known = false;  // the following spans were not stored
  double length() const { return end_s - start_s; }
  double wait() const { return wait_end_s - start_s; }
};

struct ConsumerSteps {
  std::vector<RawStep> steps;       // and the turns without a batch between them
  std::uint64_t without_batch = 0;  // how many those are
  bool compute_recorded = false;
  bool complete = true;  // every span of the consumer was stored
  bool zipped = false;   // steps usually hold waits for other loaders
  bool nested = false;   // other loaders' steps were inside of this one's
  bool nested_only() const { return nested && !zipped; }
  // When the thread had last waited for another loader before the first step; 0:
  // it had not.
  double elsewhere_until_s = 0;
  double init_start_s = 0;  // start-up work of this loader begins before the first step; 0: none
};

// Do waits have the number of the batch they got? At least one in two has where they
// do: each second one finds the end where epochs are of one batch.
inline bool waits_are_numbered(std::size_t numbered, std::size_t waits) {
  return numbered > 0 && 2 * numbered >= waits;
}

// `elsewhere`: other tracks of the same thread.
ConsumerSteps collect_steps(const LoaderTrack& consumer, const std::vector<LoaderTrack>& elsewhere,
                            int loader);

}  // namespace datamon::report
