// Did the writer rearrange its sums while we read them?
//
// A running job merges cells of old windows now and then. A snapshot taken at
// that moment can miss a cell that moved to a place that was read already. The
// writer counts its merges in the track's block (BlockHeader::active), so a
// snapshot whose counts are still those of the file is whole.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "format/recording_format.h"

namespace datamon::report {

// True if the file's merge counts are other than in the snapshot. A file that
// cannot be read any more counts as unchanged.
bool merged_since(const std::filesystem::path& path, std::span<const std::byte> snapshot,
                  const format::FileHeader& header);

}  // namespace datamon::report
