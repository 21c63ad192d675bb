// The exact sums of one track, stage by stage, apart for the steady state and
// for the rest. Everything that the profile says about stages and workers is
// added up from these.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "report/cell_share.h"
#include "report/distribution.h"
#include "report/loader_tracks.h"

namespace datamon::report {

// Sums over spans of one stage.
struct StageSums {
  std::uint64_t count = 0;
  double wall_s = 0, self_s = 0;
  std::uint64_t bytes = 0;
  // Of those spans whose CPU time was read, exclusive.
  std::uint64_t sampled_count = 0;
  double sampled_self_s = 0, sampled_cpu_s = 0, sampled_runqueue_s = 0, sampled_fault_s = 0;
  Distribution durations;

  void add(const StageSums& other);
};

struct TrackSums {
  const LoaderTrack* track = nullptr;
  std::map<std::uint16_t, StageSums> steady, rest;  // by stage number
};

// `steady`: of the consumer that the track works for.
TrackSums sum_track(const LoaderTrack& track, int loader, const Stretches& steady);

// Seconds inside waits and start-up work for other loaders in `steady`; with
// `compute`, inside their steps.
double spent_elsewhere(const LoaderTrack& track, int loader, const Stretches& steady, bool compute);

// The readings of some spans, scaled up to all of them. `fallback` speaks for
// sums without any reading (the same stage on other tracks).
TimeSplit scaled_split(const StageSums& sums, const StageSums& fallback);
void add_split(TimeSplit& to, const TimeSplit& split);

// Does somebody work in spans of the stage?
inline bool is_work(const StageFacts& facts) {
  return !facts.residence && facts.stage_class != StageClass::kWait &&
         facts.stage_class != StageClass::kGpu;
}

// Work done on a track by somebody, in seconds: self time of all stages that
// are work (no queue residence, no waiting for input, no device time).
double busy_seconds(const TrackSums& sums, const std::map<std::uint16_t, StageSums>& part);

// How many items and batches spans speak of.
struct MadeCounts {
  std::array<std::uint64_t, kStageClasses> spans = {};  // of the class's most frequent stage
  std::uint64_t sends = 0;

  void add(const MadeCounts& other);
  std::uint64_t batches() const;
  // Items are counted where they are handled one by one; where whole lists are
  // fetched the noted batch size has to tell.
  std::uint64_t items(int noted_batch_size) const;
};

MadeCounts count_made(const TrackSums& sums, const std::map<std::uint16_t, StageSums>& part);

}  // namespace datamon::report
