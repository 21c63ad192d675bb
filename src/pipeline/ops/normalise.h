// From 8-bit pixels to one sample's slot in a batch: mirroring, scaling and the change of layout.
//
// Promise: float32 values equal torchvision's ToTensor followed by Normalize(mean, std) to the last
// bit; float16 values are those rounded to nearest, ties to even.
// Thread-safety: const and without state after construction: one Normaliser may serve all threads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "pipeline/ops/image.h"
#include "pipeline/ops/simd.h"

namespace datamon::pipeline {

enum class SampleFormat {
  float32_nchw,  // three planes of float
  float16_nchw,  // three planes of IEEE half
  uint8_nhwc,    // interleaved bytes, not normalised
};

// Bytes of one sample's slot.
std::size_t sample_bytes(SampleFormat format, int width, int height);

struct Normalisation {
  // ImageNet's, as torchvision's models expect them.
  std::array<float, kChannels> mean{0.485F, 0.456F, 0.406F};
  std::array<float, kChannels> std{0.229F, 0.224F, 0.225F};
};

class Normaliser {
 public:
  explicit Normaliser(const Normalisation& normalisation = {}, SimdLevel level = best_simd_level());

  // Fills the slot with the image, mirrored left to right if flip. The slot holds
  // sample_bytes(format, image.width, image.height); for speed it should be aligned to 64 bytes.
  // Large slots are written past the caches.
  void write(const ImageView& image, bool flip, SampleFormat format, void* slot) const;

  // What a pixel value of a channel becomes.
  float value(int channel, std::uint8_t pixel) const { return table_[channel][pixel]; }

 private:
  std::array<std::array<float, 256>, kChannels> table_;
  std::array<std::array<std::uint16_t, 256>, kChannels> half_table_;
  SimdLevel level_;
};

// IEEE half precision bits of a float, rounded to nearest, ties to even.
std::uint16_t to_half(float value);

}  // namespace datamon::pipeline
