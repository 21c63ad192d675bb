#include "monitor/span_store.h"

#include <algorithm>
#include <utility>

#include "monitor/arena.h"
#include "monitor/atomics.h"

namespace datamon::monitor {
namespace {

using format::kSpanBlockBytes;
using format::kSpansPerBlock;

static_assert(sizeof(SpanBlock) <= kSpanBlockBytes);

// A block goes to its (new) owner, empty. A reader ignores it while the
// generation is odd; retire() made it so.
void hand_over(SpanBlock& block, std::uint32_t track, std::uint64_t first) {
  format::BlockHeader& header = block.header;
  store_relaxed(header.count, std::uint64_t{0});
  store_relaxed(header.track, track);
  store_relaxed(header.first, first);
  if (header.generation % 2 != 0) store_release(header.generation, header.generation + 1);
}

}  // namespace

void SpanPool::start(RecordingFile& file, std::uint64_t budget_bytes) {
  file_ = &file;
  budget_ = static_cast<std::uint32_t>(budget_bytes / kSpanBlockBytes);
}

// Marks the block's spans as gone.
void SpanPool::retire(SpanNode& node) {
  format::BlockHeader& header = node.block->header;
  if (header.generation % 2 == 0) store_release(header.generation, header.generation + 1);
  add_relaxed(file_->header()->unstored_spans, header.count);
}

// An eighth of the budget is kept for tracks that have nothing yet.
SpanNode* SpanPool::fresh(std::uint32_t track, bool first_of_track) {
  if (free_ != nullptr) {
    SpanNode* node = free_;
    free_ = node->next;
    return node;
  }
  if (allocated_ >= (first_of_track ? budget_ : budget_ - budget_ / 8)) return nullptr;
  if (spare_ == nullptr) spare_ = arena_new<SpanNode>();  // memory is never given back
  if (spare_ == nullptr) return nullptr;
  auto* header = file_->allocate_for(format::BlockType::kSpans, kSpanBlockBytes, track);
  if (header == nullptr) return nullptr;
  file_->publish(header);
  SpanNode* node = std::exchange(spare_, nullptr);
  node->block = reinterpret_cast<SpanBlock*>(header);
  ++allocated_;
  return node;
}

SpanNode* SpanPool::take_oldest(SpanStore& store) {
  SpanNode* node = store.oldest;
  if (node == nullptr) return nullptr;
  store.oldest = node->next;
  if (store.oldest == nullptr) store.newest = nullptr;
  --store.blocks;
  retire(*node);
  return node;
}

SpanBlock* SpanPool::next(SpanStore& store, SpanBlock* full, std::uint32_t track,
                          std::uint32_t live_tracks, SpanStore* (*next_victim)(void*),
                          void* state) {
  if (full != nullptr) {
    store.written += kSpansPerBlock;
    if (full != store.sink) store.stored += kSpansPerBlock;
  }
  // Half of the space is shared out; the other half waits for later threads.
  const std::uint32_t share = std::max(2u, budget_ / (2 * std::max(1u, live_tracks)));
  SpanNode* node = store.blocks < share ? fresh(track, store.blocks == 0) : nullptr;
  if (node == nullptr && store.blocks > share) {
    // More tracks than when it took them: give one back at each turn.
    if (SpanNode* extra = take_oldest(store)) {
      extra->next = free_;
      free_ = extra;
    }
  }
  if (node == nullptr) node = take_oldest(store);
  while (node == nullptr) {
    SpanStore* victim = next_victim(state);
    if (victim == nullptr) break;
    node = take_oldest(*victim);
  }
  if (node == nullptr) {
    if (store.sink == nullptr) store.sink = arena_new<SpanBlock>();
    return store.sink;
  }
  hand_over(*node->block, track, store.stored);
  node->next = nullptr;
  ++store.blocks;
  if (store.head < std::max(1u, share / 4) && store.oldest == nullptr) {
    ++store.head;
    return node->block;
  }
  (store.newest != nullptr ? store.newest->next : store.oldest) = node;
  store.newest = node;
  return node->block;
}

}  // namespace datamon::monitor
