// The two passes of resizing, one row at a time; one set of functions for each SimdLevel.
#pragma once

#include <cstdint>

#include "pipeline/ops/image.h"
#include "pipeline/ops/resize_weights.h"
#include "pipeline/ops/simd.h"

namespace datamon::pipeline {

struct ResizeKernels {
  // One row: weights.input_size() pixels in, weights.output_size() pixels out.
  void (*horizontal)(const ResizeWeights& weights, const std::uint8_t* in, std::uint8_t* out);
  // Output row y from the rows of `in`.
  void (*vertical)(const ResizeWeights& weights, int y, const ImageView& in, std::uint8_t* out);
};

ResizeKernels resize_kernels(SimdLevel level);

}  // namespace datamon::pipeline
