// The steps from a recording to its profile; private to build_profile(). Each
// fills its part of the profile from the same analysis.
#pragma once

#include <optional>
#include <vector>

#include "report/loader_notes.h"
#include "report/loader_tracks.h"
#include "report/phases.h"
#include "report/profile.h"
#include "report/steps.h"
#include "report/timeline.h"
#include "report/track_sums.h"
#include "report/worker_batches.h"

namespace datamon::report {

// Bounds of what the profile keeps one by one: half are the first, half the latest.
inline constexpr std::size_t kMostSteps = 20'000;
inline constexpr std::size_t kMostBatches = 20'000;
inline constexpr std::size_t kMostSlowItems = 100;
inline constexpr std::size_t kMostFiles = 20;

struct Analysis {
  Analysis(const Recording& recording_to_read, int wanted_loader);

  const Recording& recording;
  Timeline timeline;
  LoaderTracks tracks;
  double end_s = 0;                    // the last moment that anything is known of
  std::vector<ConsumerSteps> steps;    // of each consumer
  std::vector<ConsumerPhases> phases;  // of each consumer; one if there is none
  std::vector<TrackSums> sums;         // consumers, workers, helpers, elsewhere
  std::vector<TrackBatches> batches;   // workers, consumers
  std::optional<GpuProfile> gpu;       // if a device was recorded
  // By consumer: of the steps whose device work is known, the share that is copies.
  std::vector<std::optional<double>> transfer_share;
  LoaderNotes notes;

  const ConsumerPhases& phases_for(const LoaderTrack& track) const {
    return phases[track.consumer < phases.size() ? track.consumer : 0];
  }
};

// How many consumers took batches at the same time, at most. `processes`: those of one
// process count once.
int consumers_at_once(const Analysis& analysis, bool processes);

// Fills `gpu` and `transfer_share`, and in `steps` what they waited for copies.
void analyse_devices(Analysis& analysis);

void fill_job(Profile& profile, const Analysis& analysis);
void fill_consumer(Profile& profile, const Analysis& analysis);
void fill_stages(Profile& profile, const Analysis& analysis);
void fill_workers(Profile& profile, const Analysis& analysis);
void fill_batches(Profile& profile, const Analysis& analysis);
void fill_throughput(Profile& profile, const Analysis& analysis);
void fill_reads(Profile& profile, const Analysis& analysis);
void fill_slow_items(Profile& profile, const Analysis& analysis);
void fill_files(Profile& profile, const Recording& recording);
void fill_machine(Profile& profile, const Analysis& analysis);
void fill_probe(Profile& profile, const Analysis& analysis);
void fill_cost(Profile& profile, const Analysis& analysis);

// Leaves the first and the latest half of `most` values.
template <typename Value>
void keep_ends(std::vector<Value>& values, std::size_t most) {
  if (values.size() <= most) return;
  const auto first = values.begin() + static_cast<std::ptrdiff_t>(most / 2);
  values.erase(first, values.end() - static_cast<std::ptrdiff_t>(most - most / 2));
}

}  // namespace datamon::report
