// The slowest items of a track, with their names and what their nested stages
// took. Only the track's thread uses it. Nothing throws or allocates.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "format/recording_format.h"

namespace datamon::monitor {

inline constexpr std::uint32_t kSlowItems =
    (format::kBlockAlignment - sizeof(format::BlockHeader)) / sizeof(format::SlowRecord);  // 15

struct SlowItem {
  format::SpanRecord span;
  std::uint64_t bytes;
  std::string_view name;
};

// Puts the item into the block (kSlow) if it is slow enough. `before` are the
// spans that the track recorded before it, oldest first; parts come from them.
// Returns the duration that the next item must exceed.
std::uint64_t keep_slow_item(format::BlockHeader& block, const SlowItem& item,
                             std::span<const format::SpanRecord> before);

// Self times of the item's stages: the item's own first, then the longest of what is nested
// in it; what finds no place counts as the item's own. Returns how many parts were filled.
std::uint32_t split_parts(const format::SpanRecord& item,
                          std::span<const format::SpanRecord> before, format::SlowPart (&parts)[6]);

}  // namespace datamon::monitor
