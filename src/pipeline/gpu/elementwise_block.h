// The recipe's later steps as operators of their own, each callable alone. Together, behind the
// resize operator, they give what the fused kernel gives.
//
// Samples lie after each other, dense, u8 or f32 interleaved RGB (NHWC).
#pragma once

#include "pipeline/gpu/sample_task.h"
#include "pipeline/gpu/store.h"

namespace datamon::pipeline::gpu {

// Pixels of a batch, whose blocks and threads take turns: f(pixel) for each that is this block's.
template <typename Block, typename Body>
DATAMON_HOST_DEVICE void each_pixel(const Block& block, int block_index, int blocks,
                                    std::int64_t pixels, Body body) {
  block.parallel([&](int thread, int threads) {
    for (std::int64_t i = std::int64_t{block_index} * threads + thread; i < pixels;
         i += std::int64_t{blocks} * threads) {
      body(i);
    }
  });
}

// Mirrors the samples whose flag is set.
struct FlipWork {
  const std::uint8_t* in;
  std::uint8_t* out;
  const std::uint8_t* flags;  // by sample
  std::int32_t samples, width, height;
};
template <typename Block>
DATAMON_HOST_DEVICE void flip_pixels(const Block& block, int block_index, int blocks,
                                     const FlipWork& work) {
  const std::int64_t sample = static_cast<std::int64_t>(work.width) * work.height;
  each_pixel(block, block_index, blocks, sample * work.samples, [&](std::int64_t i) {
    const std::int64_t x = i % work.width;
    const std::int64_t from = work.flags[i / sample] != 0 ? i - x + (work.width - 1 - x) : i;
    for (int c = 0; c < kChannels; ++c) work.out[i * kChannels + c] = work.in[from * kChannels + c];
  });
}

// u8 to normalised f32.
struct NormaliseWork {
  const std::uint8_t* in;
  float* out;
  std::int64_t pixels;
  ChannelScale scale[kChannels];
};
template <typename Block>
DATAMON_HOST_DEVICE void normalise_pixels(const Block& block, int block_index, int blocks,
                                          const NormaliseWork& work) {
  each_pixel(block, block_index, blocks, work.pixels, [&](std::int64_t i) {
    for (int c = 0; c < kChannels; ++c) {
      work.out[i * kChannels + c] = normalised(work.in[i * kChannels + c], work.scale[c]);
    }
  });
}

// f32 NHWC to what `out` says: f32 or f16, either layout.
struct ReformatWork {
  const float* in;
  std::int32_t samples;
  OutputSpec out;
};
template <typename Block>
DATAMON_HOST_DEVICE void reformat_pixels(const Block& block, int block_index, int blocks,
                                         const ReformatWork& work) {
  const std::int64_t sample = static_cast<std::int64_t>(work.out.width) * work.out.height;
  each_pixel(block, block_index, blocks, sample * work.samples, [&](std::int64_t i) {
    const std::int64_t pixel = i % sample;
    const int x = static_cast<int>(pixel % work.out.width);
    const int y = static_cast<int>(pixel / work.out.width);
    for (int c = 0; c < kChannels; ++c) {
      const std::int64_t index =
          i / sample * work.out.sample_elements() + element_index(work.out, x, y, c);
      store_element(work.out, index, work.in[i * kChannels + c]);
    }
  });
}

}  // namespace datamon::pipeline::gpu
