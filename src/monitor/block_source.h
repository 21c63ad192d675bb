// Where the sampler gets space in the recording: the part of the recording file
// that it needs, and nothing else.
#pragma once

#include <cstdint>
#include <string_view>

#include "format/recording_format.h"

namespace datamon::monitor {

// Thread-safety: called from the sampler's thread while others allocate too.
// Ownership: blocks stay mapped until the process ends, also after
// sampler_stop(). Nothing throws.
class BlockSource {
 public:
  // A new block of `bytes` (a multiple of 4096) whose space is really there,
  // zeroed except for BlockHeader::type, bytes and track = kUnknown. It is not
  // visible before publish(). nullptr: no space.
  virtual format::BlockHeader* allocate(format::BlockType type, std::uint32_t bytes) = 0;

  // Stores the block's magic (release).
  virtual void publish(format::BlockHeader* block) = 0;

  // Writes a fact into the file's notes.
  virtual void note(std::string_view key, std::string_view value) = 0;

 protected:
  ~BlockSource() = default;
};

}  // namespace datamon::monitor
