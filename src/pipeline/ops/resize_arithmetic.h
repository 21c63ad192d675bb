// The arithmetic of Pillow's antialiased bilinear resizing, for the CPU and the GPU alike: one
// output's weights along an axis, and the rounding of a weighted sum.
//
// Promise: the order of operations is Pillow's (precompute_coeffs, normalize_coeffs_8bpc); another
// one rounds differently, and so does a * b + c with one rounding: compile with -ffp-contract=off
// (nvcc: -fmad=false). Thread-safety: pure functions.
#pragma once

#include <cstdint>

#include "pipeline/ops/host_device.h"

namespace datamon::pipeline {

// Weights are fixed-point numbers with this many fraction bits; those of one output sum to about 1.
inline constexpr int kWeightBits = 22;
// What a sum of weighted pixels starts from, so that shifting rounds it.
inline constexpr std::int32_t kWeightHalf = 1 << (kWeightBits - 1);

// Pillow resizes images that are more than this many times taller than wide vertically first
// (PIL.Image.Image.resize), which rounds differently.
inline constexpr int kTallRatio = 100;

DATAMON_HOST_DEVICE inline bool resizes_vertically_first(int input_width, int input_height,
                                                         int output_height) {
  return input_height > static_cast<std::int64_t>(input_width) * kTallRatio &&
         output_height < input_height;
}

DATAMON_HOST_DEVICE inline std::uint8_t round_and_clip(std::int32_t sum) {
  const std::int32_t value = sum >> kWeightBits;
  return static_cast<std::uint8_t>(value < 0 ? 0 : value > 255 ? 255 : value);
}

DATAMON_HOST_DEVICE inline double triangle(double x) {
  x = x < 0.0 ? -x : x;
  return x < 1.0 ? 1.0 - x : 0.0;
}

// All weights of this filter are positive, so rounding is adding a half.
DATAMON_HOST_DEVICE inline std::int32_t to_fixed_weight(double weight) {
  return static_cast<std::int32_t>(0.5 + weight * (1 << kWeightBits));
}

// How far an output reaches into the input on either side of its centre, in input pixels: the
// triangle's half width is one output pixel, but never less than one input pixel.
DATAMON_HOST_DEVICE inline double filter_support(int input_size, int output_size) {
  const double scale = static_cast<double>(input_size) / output_size;
  return scale > 1.0 ? scale : 1.0;
}

// An upper limit of the weights of one output that are not zero: as many pixel centres lie inside
// an open interval of twice the support.
DATAMON_HOST_DEVICE inline int max_taps(int input_size, int output_size) {
  const double width = 2.0 * filter_support(input_size, output_size);
  const int whole = static_cast<int>(width);
  return whole < width ? whole + 1 : whole;
}

// The input pixels that one output is the weighted sum of.
struct Taps {
  std::int32_t first = 0;
  std::int32_t count = 0;  // at least 1
};

// Writes the weights of output `output` (at most max_taps of them); zero weights at either end are
// left out. Preconditions: sizes > 0, 0 <= output < output_size.
DATAMON_HOST_DEVICE inline Taps write_taps(int input_size, int output_size, int output,
                                           std::int32_t* weights) {
  const double scale = static_cast<double>(input_size) / output_size;
  const double support = scale > 1.0 ? scale : 1.0;
  const double inverse = 1.0 / support;
  const double center = (output + 0.5) * scale;
  int first = static_cast<int>(center - support + 0.5);
  first = first < 0 ? 0 : first;
  int end = static_cast<int>(center + support + 0.5);
  end = end > input_size ? input_size : end;
  double sum = 0.0;
  for (int j = first; j < end; ++j) sum += triangle((j - center + 0.5) * inverse);
  std::int32_t used = 0;
  int skipped = 0;
  for (int j = first; j < end; ++j) {
    const double exact = triangle((j - center + 0.5) * inverse);
    const std::int32_t weight = to_fixed_weight(sum != 0.0 ? exact / sum : exact);
    if (weight == 0) {
      if (used > 0) break;  // the triangle has fallen to nothing
      if (j + 1 < end) {
        ++skipped;
        continue;
      }
    }
    weights[used++] = weight;
  }
  return {first + skipped, used};
}

}  // namespace datamon::pipeline
