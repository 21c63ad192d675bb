// How much room a batch has at the cut, who may take how much of it, and what all of it takes in
// memory: the one place for these formulas.
//
// A batch has one arena (pinned, filled by a worker, copied to the GPU) and, for placement gpu, one
// area of frames (device memory, for decoded images). Both are laid out for `image_pixels` an item
// on average. An item that does not fit is resized on the CPU to the sample's size, for which there
// is always room; its pixels do not change by that.
//
// Thread-safety: pure functions; CutSpace has none. Units: bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pipeline/options.h"

namespace datamon::pipeline::gpu {

// Batches on the device at a time: one with the consumer, one being computed, one being copied.
inline constexpr int kDeviceLanes = 3;

// Weights of one output on one axis that there is room for; images that need more (crops beyond
// eight times the sample's size) are resized on the CPU.
inline constexpr int kMostTaps = 16;

// Bytes that an item takes of an area, alignment included.
std::size_t aligned_bytes(std::size_t bytes);

std::size_t arena_bytes(const PipelineOptions& options);  // of one batch
std::size_t frames_bytes(
    const PipelineOptions& options);  // of one batch; 0: nothing is decoded there

// The memory of a run on the GPU, all of it allocated before the first batch. What nvJPEG holds
// comes on top: it depends on the images.
struct DeviceMemory {
  std::uint64_t device = 0;  // in GPU memory
  std::uint64_t pinned = 0;  // in host memory that cannot be swapped
};
DeviceMemory device_memory_for(const PipelineOptions& options);

// The parts of one lane in device memory; their sum, times kDeviceLanes, is `device`.
struct LaneBytes {
  std::size_t arena, frames, weights, tasks, output;
  std::size_t sum() const { return arena + frames + weights + tasks + output; }
};
LaneBytes lane_bytes_for(const PipelineOptions& options);

// Whether the resizing weights for a crop of this size have room on the GPU.
bool weights_fit(int width, int height, const PipelineOptions& options);

// Gives out a batch's room. For each item, either take() what it needs or, when fits() says no, the
// sample's own size, which always fits.
class CutSpace {
 public:
  // For a batch of `items`.
  CutSpace(const PipelineOptions& options, std::uint32_t items);

  // Whether an item may take so much without taking away what later ones are sure of.
  bool fits(std::size_t arena_bytes, std::size_t frame_bytes) const;
  // Returns the item's offset in the arena; its frame's is put into `frame_offset`. Ends the item.
  std::uint64_t take(std::size_t arena_bytes, std::size_t frame_bytes, std::uint64_t& frame_offset);
  // Ends an item that takes nothing.
  void skip() { --items_left_; }

 private:
  std::size_t arena_, frames_, sample_;
  std::size_t arena_used_ = 0, frames_used_ = 0;
  std::uint32_t items_left_;
};

}  // namespace datamon::pipeline::gpu
