// A change that one may make to a job, and what is forecast for it. Plain values.
#pragma once

#include <string>
#include <vector>

#include "report/interval.h"

namespace datamon::report {

enum class ChangeKind {
  kWorkers,            // to: how many
  kPrefetch,           // to: batches ahead, of each worker
  kBatchSize,          // to: items
  kFaster,             // stage, factor: its work takes 1/factor; infinity: none
  kCached,             // reading costs only its CPU part
  kPlacement,          // stage: "cpu", the reference pipeline there; "hybrid": all but decoding
                       // leaves the CPU; "gpu": decoding too
  kConsumer,           // factor on the step's own time
  kPersistentWorkers,  // no worker starts at epoch boundaries
  kNoStragglers,       // no batch costs more than twice the median
  kRanks               // to: how many in all
};
const char* to_string(ChangeKind kind);  // "workers", "batch-size", ...

struct Change {
  ChangeKind kind = ChangeKind::kWorkers;
  double value = 0;   // to, or factor; > 0
  std::string stage;  // of kFaster (a class such as "decode", or a stage's name), kPlacement

  bool operator==(const Change& other) const {
    return kind == other.kind && value == other.value && stage == other.stage;
  }
};

// "8 workers", "decode 2x as fast", "everything cached".
std::string to_text(const Change& change);
std::string to_text(const std::vector<Change>& changes);

// What the throughput would be. Figures of the steady state, but for
// `whole_run`, which also counts the epoch boundaries.
struct Forecast {
  std::vector<Change> changes;
  Interval items_per_s;
  Interval speedup;                      // over the measured throughput
  bool at_most = false;                  // a cost that nobody knows is left out: about the most
  bool whole_run = false;                // against steady state and epoch boundaries together
  std::string limit;                     // the resource that then has least to spare
  double device_s = 0;                   // a step's batch on the GPU, of a placement with rates
  double added_s = 0;                    // of that, what a step becomes longer by
  std::vector<std::string> assumptions;  // that this one rests on, a clause each
};

// "+84 % (+70 to +98 %)"; "up to about +84 %".
std::string gain_text(const Forecast& forecast);

}  // namespace datamon::report
