// The two passes of resizing; one set of functions for each SimdLevel, all with the same result.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pipeline/ops/aligned_buffer.h"
#include "pipeline/ops/image.h"
#include "pipeline/ops/resize_weights.h"
#include "pipeline/ops/simd.h"

namespace datamon::pipeline {

// One axis' weights in the order in which a level's kernel reads them.
struct PackedWeights {
  AlignedBuffer memory;
  int steps = 0;  // taps are taken in steps of four; 0: not packed, use the plain weights
};

// Rows between and after the passes start this many bytes apart: a whole number of cache lines,
// with room for the last vector store of a row.
constexpr std::ptrdiff_t padded_row_bytes(int width) {
  return (std::ptrdiff_t{width} * kChannels + 15 + 63) / 64 * 64;
}

struct ResizeKernels {
  // Called once for each pair of sizes, before the passes.
  void (*pack_horizontal)(const ResizeWeights& weights, PackedWeights& packed);
  void (*pack_vertical)(const ResizeWeights& weights, PackedWeights& packed);
  // All rows of `in`, each weights.input_size() pixels, to rows of weights.output_size() pixels,
  // padded_row_bytes() apart. Reads nothing outside the rows.
  void (*horizontal)(const ResizeWeights& weights, const PackedWeights& packed, const ImageView& in,
                     std::uint8_t* out);
  // Output row y from the rows of `in`; `out` holds padded_row_bytes(in.width).
  void (*vertical)(const ResizeWeights& weights, const PackedWeights& packed, int y,
                   const ImageView& in, std::uint8_t* out);
};

ResizeKernels resize_kernels(SimdLevel level);

// The plain ones, which the others fall back to for the parts that they do not cover.
namespace scalar {
void resize_pixels(const ResizeWeights& weights, const std::uint8_t* in, int first_output,
                   int last_output, std::uint8_t* out);
void horizontal(const ResizeWeights& weights, const PackedWeights& packed, const ImageView& in,
                std::uint8_t* out);
void resize_columns(const ResizeWeights& weights, int y, const ImageView& in, int first_byte,
                    std::uint8_t* out);
}  // namespace scalar

#if defined(__x86_64__)
ResizeKernels resize_kernels_avx2();
ResizeKernels resize_kernels_avx512();
#endif

}  // namespace datamon::pipeline
