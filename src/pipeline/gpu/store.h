// Putting one pixel's three bytes where the output wants them.
#pragma once

#if defined(__CUDACC__)
#include <cuda_fp16.h>
#endif

#include "pipeline/gpu/sample_task.h"

namespace datamon::pipeline::gpu {

// Half precision, rounded to nearest even: an instruction on the GPU, arithmetic elsewhere, with
// the same result.
DATAMON_HOST_DEVICE inline std::uint16_t to_half_element(float value) {
#if defined(__CUDA_ARCH__)
  return __half_as_ushort(__float2half_rn(value));
#else
  return half_bits(value);
#endif
}

// `x`, `y`: of the output, after mirroring.
DATAMON_HOST_DEVICE inline std::int64_t element_index(const OutputSpec& output, int x, int y,
                                                      int channel) {
  const std::int64_t pixel = static_cast<std::int64_t>(y) * output.width + x;
  if (output.layout == Layout::nhwc) return pixel * kChannels + channel;
  return static_cast<std::int64_t>(channel) * output.width * output.height + pixel;
}

DATAMON_HOST_DEVICE inline void store_element(const OutputSpec& output, std::int64_t index,
                                              float value) {
  if (output.element == Element::f16) {
    static_cast<std::uint16_t*>(output.memory)[index] = to_half_element(value);
  } else {
    static_cast<float*>(output.memory)[index] = value;
  }
}

// Writes resized pixel (x, y) of sample `sample`, mirrored, normalised and converted.
DATAMON_HOST_DEVICE inline void store_pixel(const OutputSpec& output, int sample, int x, int y,
                                            bool flip, const std::uint8_t* rgb) {
  const std::int64_t base = sample * output.sample_elements();
  const int to_x = flip ? output.width - 1 - x : x;
  for (int c = 0; c < kChannels; ++c) {
    const std::int64_t index = base + element_index(output, to_x, y, c);
    if (output.element == Element::u8) {
      static_cast<std::uint8_t*>(output.memory)[index] = rgb[c];
    } else {
      store_element(output, index, normalised(rgb[c], output.scale[c]));
    }
  }
}

}  // namespace datamon::pipeline::gpu
