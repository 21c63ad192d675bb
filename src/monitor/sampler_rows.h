// The sampler's rows in the recording: bounded, and whole whatever happens.
#pragma once

#include <cstddef>
#include <cstdint>

#include "monitor/block_source.h"

namespace datamon::monitor {

// Records of one size, each starting with its time in ticks, in two blocks of
// the recording of which one is valid at any moment: the one with the higher
// BlockHeader::active. When it is full, what is worth keeping is written to the
// other one, and that one becomes valid; so a kill -9 at any instruction leaves
// one block with whole rows.
//
// What is kept: the newest quarter as it is; of what is older one time for each
// of equally long stretches, an eighth to a quarter of the block in all; the
// first always.
//
// Not thread-safe; readers in other processes may look at any time. Blocks
// belong to the BlockSource. Nothing throws.
class RowStore {
 public:
  // Gets two blocks of `block_bytes`, or of less while there is no space, down
  // to 64 KiB. False: no space, or records too large.
  bool create(BlockSource& source, format::BlockType type, std::size_t record_bytes,
              std::uint32_t block_bytes);

  // Appends `count` records of the same time. Records that do not fit even when
  // the store was thinned are left out.
  void append(const void* records, std::size_t count);

  std::size_t size() const;
  std::size_t capacity() const { return capacity_; }

 private:
  unsigned char* record(int block, std::size_t index) const;
  std::uint64_t ticks(int block, std::size_t index) const;
  std::size_t end_of_group(std::size_t index, std::size_t size) const;
  std::size_t copy_thinned(std::size_t recent);
  void thin();

  format::BlockHeader* blocks_[2] = {};
  int active_ = 0;
  std::size_t record_bytes_ = 0;
  std::size_t capacity_ = 0;
  std::size_t largest_group_ = 1;
};

}  // namespace datamon::monitor
