// Where a track's spans were not kept one by one: a long run keeps the first
// and the latest ones, the ring between them goes round.
#pragma once

#include <cstddef>
#include <cstdint>

#include "report/recording.h"

namespace datamon::report {

// Were spans lost right before block `block` of the track?
inline bool gap_before(const Track& track, std::size_t block) {
  const std::uint64_t stored_before =
      block == 0 ? 0 : track.spans_before[block - 1] + track.spans[block - 1].size();
  return track.spans_before[block] > stored_before;
}

// The blocks before the first gap, [0, until), and those after the last, [from,
// size); without a gap both are all blocks: until = size, from = 0.
struct KeptBlocks {
  std::size_t until = 0, from = 0;
};

inline KeptBlocks kept_blocks(const Track& track) {
  KeptBlocks kept{track.spans.size(), 0};
  for (std::size_t i = track.spans.size(); i-- > 0;) {
    if (!gap_before(track, i)) continue;
    kept.until = i;
    if (kept.from == 0) kept.from = i;
  }
  return kept;
}

}  // namespace datamon::report
