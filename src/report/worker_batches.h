// What each batch cost the thread that made it, from single spans.
//
// The fetches, reads, decodes ... that ended on a track since its last batch
// belong to the batch that the next collate names; what hands it over (send,
// pin) right after the collate belongs to it too. Where nothing is collated, a
// send with a batch number ends the batch.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "report/loader_tracks.h"

namespace datamon::report {

struct TrackBatches {
  const LoaderTrack* track = nullptr;
  std::vector<BatchSample> batches;  // in order; items is 0 where only lists were fetched
};

// Says of each batch when it was handed over. `feeders`: the batches of hand-off
// threads beside the workers; they belong to the worker of the same process and
// index. Where such a thread named none of its batches, it is not known.
void hand_over(std::span<TrackBatches> makers, std::span<const TrackBatches> feeders);

TrackBatches collect_batches(const LoaderTrack& track, int loader);

}  // namespace datamon::report
