// From 8-bit pixels to one sample's slot in a batch: mirroring, scaling and the change of layout.
//
// Promise: float32 values equal torchvision's ToTensor followed by Normalize(mean, std) to the last
// bit; float16 values are those rounded to nearest, ties to even. Every SimdLevel gives the same.
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

// A sample's place in the batch; `memory` holds sample_bytes(format, width, height). Aligned to 64
// bytes (or 16 at least) it is written past the caches, which is faster for whole batches.
struct SampleSlot {
  void* memory = nullptr;
  SampleFormat format = SampleFormat::float32_nchw;
  int width = 0;
  int height = 0;
};

class Normaliser {
 public:
  // Precondition: this machine has the level.
  explicit Normaliser(const Normalisation& normalisation = {}, SimdLevel level = best_simd_level());

  // Fills the slot with the image, mirrored left to right if flip.
  // Precondition: the image has the slot's size.
  void write(const ImageView& image, bool flip, const SampleSlot& slot) const;
  void write(const ImageView& image, bool flip, SampleFormat format, void* memory) const {
    write(image, flip, {memory, format, image.width, image.height});
  }

  // One row of it: width RGB pixels go to row y of the slot. After the last row of a sample, call
  // finish() before another thread reads the slot.
  void write_row(const std::uint8_t* pixels, int y, bool flip, const SampleSlot& slot) const;
  void finish() const;

  // What a pixel value of a channel becomes.
  float value(int channel, std::uint8_t pixel) const {
    return tables_.values[static_cast<std::size_t>(channel)][pixel];
  }

  // Values for each channel and pixel, and how to compute the same without looking them up.
  struct Tables {
    std::array<std::array<float, 256>, kChannels> values;
    std::array<std::array<std::uint16_t, 256>, kChannels> halves;
    // value = d * inverse_high + d * inverse_low, rounded once, where d = pixel / 255 - mean and
    // 1 / std = inverse_high + inverse_low.
    std::array<float, kChannels> mean;
    std::array<float, kChannels> inverse_high;
    std::array<float, kChannels> inverse_low;
    // Checked for all values at construction: the formula gives exactly the table.
    bool formula_is_exact = false;
  };

 private:
  using RowWriter = void (*)(const Tables& tables, const std::uint8_t* pixels, int y, bool flip,
                             const SampleSlot& slot);

  Tables tables_;
  std::array<RowWriter, 3> row_writers_;  // by SampleFormat
};

// IEEE half precision bits of a float, rounded to nearest, ties to even.
std::uint16_t to_half(float value);

}  // namespace datamon::pipeline
