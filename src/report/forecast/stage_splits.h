// How the time of stages divides between cores, storage and other waiting: what a
// simulation of other loads needs, from the measured splits of a profile.
// Thread-safety: pure functions.
#pragma once

#include <array>
#include <cstddef>

#include "report/profile.h"

namespace datamon::report {

constexpr auto index_of(StageClass stage_class) { return static_cast<std::size_t>(stage_class); }

// How a second of a stage's own time divides. Reading that faults in other
// stages counts as storage.
struct TimeParts {
  double cpu = 0, runqueue = 0, storage = 0, delay = 0;
  bool known = false;
};

struct StageSplits {
  std::array<TimeParts, kStageClasses> of;
  bool known = false;
  double usual_wait = 0;      // waiting for a core over being on one, the makers'
  TimeParts consumer;         // compute and transfer
  double consumer_wakes = 0;  // of its delay: waking up, which a faster step does as well
  double receive_s = 0;       // hand-off on the consumer's thread, on a core
};

// `on_consumer`: there are no workers, its thread makes the batches.
StageSplits splits_of(const Profile& profile, bool on_consumer);

// What is not measured: reading sleeps, everything else computes.
TimeParts guessed(StageClass stage_class, double page_cache_hits);

}  // namespace datamon::report
