#include "pipeline/gpu/cut_space.h"

#include <algorithm>

#include "pipeline/gpu/sample_task.h"
#include "pipeline/ops/resize_arithmetic.h"
#include "pipeline/slots.h"

namespace datamon::pipeline::gpu {
namespace {

constexpr std::size_t kAlignment = 64;

std::size_t batch_of(const PipelineOptions& options) {
  return static_cast<std::size_t>(options.batch);
}

// What an item may always take: a sample, not yet normalised.
std::size_t sample_room(const PipelineOptions& options) {
  return aligned_bytes(sample_bytes(SampleFormat::uint8_nhwc, options.size, options.size));
}

std::size_t image_bytes(const PipelineOptions& options) {
  return aligned_bytes(static_cast<std::size_t>(options.image_pixels) * kChannels);
}

// Of an item in the arena, on average. A JPEG of good quality takes well below a byte a pixel.
std::size_t item_bytes(const PipelineOptions& options) {
  const std::size_t wanted = options.backend == Backend::hybrid
                                 ? image_bytes(options)
                                 : aligned_bytes(static_cast<std::size_t>(options.image_pixels));
  return std::max(wanted, sample_room(options));
}

}  // namespace

std::size_t aligned_bytes(std::size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

std::size_t arena_bytes(const PipelineOptions& options) {
  return batch_of(options) * item_bytes(options) + aligned_bytes(kReadAhead);
}

std::size_t frames_bytes(const PipelineOptions& options) {
  if (options.backend != Backend::gpu) return 0;
  return batch_of(options) * image_bytes(options) + aligned_bytes(kReadAhead);
}

LaneBytes lane_bytes_for(const PipelineOptions& options) {
  const auto outputs = static_cast<std::size_t>(options.size);
  LaneBytes lane{};
  lane.arena = arena_bytes(options);
  lane.frames = frames_bytes(options);
  lane.weights = batch_of(options) * 2 * outputs * (2 + kMostTaps) * sizeof(std::int32_t);
  lane.tasks = aligned_bytes(batch_of(options) * sizeof(SampleTask));
  lane.output =
      aligned_bytes(batch_of(options) * sample_bytes(options.layout, options.size, options.size));
  return lane;
}

DeviceMemory device_memory_for(const PipelineOptions& options) {
  const LaneBytes lane = lane_bytes_for(options);
  DeviceMemory memory;
  memory.device = lane.sum() * kDeviceLanes;
  memory.pinned = SlotMemory::bytes_for(options) +
                  (lane.tasks + (options.digest ? lane.output : 0)) * kDeviceLanes;
  return memory;
}

bool weights_fit(int width, int height, const PipelineOptions& options) {
  return max_taps(width, options.size) <= kMostTaps && max_taps(height, options.size) <= kMostTaps;
}

CutSpace::CutSpace(const PipelineOptions& options, std::uint32_t items)
    : arena_(arena_bytes(options) - aligned_bytes(kReadAhead)),
      frames_(frames_bytes(options)),
      sample_(sample_room(options)),
      items_left_(items) {
  if (frames_ > 0) frames_ -= aligned_bytes(kReadAhead);
}

bool CutSpace::fits(std::size_t arena_bytes, std::size_t frame_bytes) const {
  const std::size_t kept = (items_left_ - 1) * sample_;
  return arena_used_ + aligned_bytes(arena_bytes) + kept <= arena_ &&
         frames_used_ + aligned_bytes(frame_bytes) <= frames_;
}

std::uint64_t CutSpace::take(std::size_t arena_bytes, std::size_t frame_bytes,
                             std::uint64_t& frame_offset) {
  const std::uint64_t offset = arena_used_;
  frame_offset = frames_used_;
  arena_used_ += aligned_bytes(arena_bytes);
  frames_used_ += aligned_bytes(frame_bytes);
  --items_left_;
  return offset;
}

}  // namespace datamon::pipeline::gpu
