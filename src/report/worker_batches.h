// What each batch cost the thread that made it, from single spans.
//
// The fetches, reads, decodes ... that ended on a track since its last batch
// belong to the batch that the next collate names; what hands it over (send,
// pin) right after the collate belongs to it too. Where nothing is collated, a
// send with a batch number ends the batch.
#pragma once

#include <cstdint>
#include <vector>

#include "report/loader_tracks.h"

namespace datamon::report {

struct TrackBatches {
  const LoaderTrack* track = nullptr;
  std::vector<BatchSample> batches;  // in order; items is 0 where only lists were fetched
};

TrackBatches collect_batches(const LoaderTrack& track, int loader);

}  // namespace datamon::report
