// A decoded box to a sample in the batch in one go: Resizer, then Normaliser, each row of the
// resized image being used up while it is in the first cache. Same result as one after the other.
//
// Ownership and thread-safety: a Resizer's; one a worker thread.
#pragma once

#include "pipeline/ops/image.h"
#include "pipeline/ops/normalise.h"
#include "pipeline/ops/resize.h"

namespace datamon::pipeline {

class SampleTransform {
 public:
  SampleTransform(int output_width, int output_height, const Normalisation& normalisation = {},
                  SimdLevel level = best_simd_level())
      : resizer_(output_width, output_height, level), normaliser_(normalisation, level) {}

  // `slot` holds sample_bytes(format, output_width, output_height).
  void apply(const ImageView& box, bool flip, SampleFormat format, void* slot) {
    const SampleSlot sample{slot, format, resizer_.output_width(), resizer_.output_height()};
    resizer_.begin(box);
    for (int y = 0; y < sample.height; ++y) {
      normaliser_.write_row(resizer_.output_row(y), y, flip, sample);
    }
    normaliser_.finish();
  }

  Resizer& resizer() { return resizer_; }
  const Normaliser& normaliser() const { return normaliser_; }
  std::size_t memory_bytes() const { return resizer_.memory_bytes(); }

 private:
  Resizer resizer_;
  Normaliser normaliser_;
};

}  // namespace datamon::pipeline
