// The single spans of a track: its first blocks are kept, the others are a ring
// of the latest. The hot path writes into `block` at `index`; here is what
// happens when a block is full.
//
// All functions need the process lock. Lives in arena memory. Nothing throws.
#pragma once

#include <cstdint>

#include "format/recording_format.h"
#include "monitor/recording_file.h"

namespace datamon::monitor {

struct SpanBlock {
  format::BlockHeader header;
  format::SpanRecord spans[format::kSpansPerBlock];
};

struct SpanNode {
  SpanBlock* block;
  SpanNode* next;
};

// The blocks of one track.
struct SpanStore {
  std::uint32_t blocks;  // that it owns
  std::uint32_t head;    // of those, kept for good
  SpanNode* oldest;      // of the ring
  SpanNode* newest;
  SpanBlock* sink;        // private memory, written when there is no block
  std::uint64_t written;  // spans before the current block, sink included
  std::uint64_t stored;   // spans before the current block, sink excluded
};

// Shared by the tracks of a process.
class SpanPool {
 public:
  void start(RecordingFile& file, std::uint64_t budget_bytes);

  // The block to write into after `full` (nullptr at first): null only when even
  // private memory is out. Steals from `victims`, whose threads ended,
  // before it gives up.
  SpanBlock* next(SpanStore& store, SpanBlock* full, std::uint32_t track, std::uint32_t live_tracks,
                  SpanStore* (*next_victim)(void* state), void* state);

 private:
  SpanNode* fresh(std::uint32_t track, bool first_of_track);
  SpanNode* take_oldest(SpanStore& store);
  void retire(SpanNode& node);

  RecordingFile* file_;
  std::uint32_t budget_;     // blocks
  std::uint32_t allocated_;  // blocks
  SpanNode* free_;           // given back
  SpanNode* spare_;          // without a block, for the next fresh()
};

}  // namespace datamon::monitor
