// From the images of a batch to what the kernels are told: where each sample's weights lie, how
// many output rows a block makes, and how much shared memory and how many blocks that takes.
//
// Thread-safety: pure functions. Ownership: writes into the caller's memory, allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "pipeline/gpu/sample_task.h"
#include "pipeline/ops/normalise.h"

namespace datamon::pipeline::gpu {

// One image: a crop in memory that the device reads.
struct SampleInput {
  const std::uint8_t* pixels = nullptr;  // the crop's top left pixel
  std::int64_t stride = 0;               // bytes
  std::int32_t width = 0;                // of the crop, pixels, > 0
  std::int32_t height = 0;
  bool flip = false;
};

// What a block may have without asking for more, on every GPU.
inline constexpr std::size_t kSharedLimit_bytes = 48 * 1024;

struct PlanLimits {
  std::size_t shared_bytes = kSharedLimit_bytes;
};

struct SamplePlan {
  std::size_t shared_bytes = 0;  // a block
  int tiles = 0;                 // blocks a sample: of the sample that needs most
  std::size_t weight_words = 0;  // used of the memory for weights
};

// 32-bit words that the weights of a sample take: both axes, each output's first, count and
// weights.
std::size_t weight_words(int width, int height, int output_width, int output_height);

// Fills in one task for each input; the weights go into `weights` (device memory of at least the
// sum of weight_words), one sample after the other.
SamplePlan plan_samples(std::span<const SampleInput> inputs, int output_width, int output_height,
                        std::int32_t* weights, std::span<SampleTask> tasks,
                        const PlanLimits& limits = {});

// The output that a batch in this format is, at `memory`.
OutputSpec output_spec(SampleFormat format, int width, int height, void* memory,
                       const Normalisation& normalisation = {});

// The numbers of normalised() for a channel.
ChannelScale channel_scale(const Normalisation& normalisation, int channel);

}  // namespace datamon::pipeline::gpu
