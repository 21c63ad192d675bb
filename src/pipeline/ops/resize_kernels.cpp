#include "pipeline/ops/resize_kernels.h"

namespace datamon::pipeline {
namespace {

void pack_nothing(const ResizeWeights&, PackedWeights& packed) { packed.steps = 0; }

void vertical(const ResizeWeights& weights, const PackedWeights&, int y, const ImageView& in,
              std::uint8_t* out) {
  scalar::resize_columns(weights, y, in, 0, out);
}

}  // namespace

namespace scalar {

void resize_pixels(const ResizeWeights& weights, const std::uint8_t* in, int first_output,
                   int last_output, std::uint8_t* out) {
  for (int x = first_output; x < last_output; ++x) {
    const std::int32_t* w = weights.weights(x);
    const std::uint8_t* pixel = in + weights.first(x) * kChannels;
    std::int32_t sums[kChannels] = {kWeightHalf, kWeightHalf, kWeightHalf};
    for (int j = 0; j < weights.count(x); ++j) {
      for (int c = 0; c < kChannels; ++c) {
        sums[c] += pixel[j * kChannels + c] * w[j];
      }
    }
    for (int c = 0; c < kChannels; ++c) {
      out[x * kChannels + c] = round_and_clip(sums[c]);
    }
  }
}

void horizontal(const ResizeWeights& weights, const PackedWeights&, const ImageView& in,
                std::uint8_t* out) {
  const std::ptrdiff_t stride = padded_row_bytes(weights.output_size());
  for (int y = 0; y < in.height; ++y) {
    resize_pixels(weights, in.row(y), 0, weights.output_size(), out + y * stride);
  }
}

void resize_columns(const ResizeWeights& weights, int y, const ImageView& in, int first_byte,
                    std::uint8_t* out) {
  const std::int32_t* w = weights.weights(y);
  const std::uint8_t* top = in.row(weights.first(y));
  for (int i = first_byte; i < in.width * kChannels; ++i) {
    std::int32_t sum = kWeightHalf;
    for (int j = 0; j < weights.count(y); ++j) {
      sum += top[j * in.stride + i] * w[j];
    }
    out[i] = round_and_clip(sum);
  }
}

}  // namespace scalar

ResizeKernels resize_kernels(SimdLevel level) {
#if defined(__x86_64__)
  switch (level) {
    case SimdLevel::avx512:
      return resize_kernels_avx512();
    case SimdLevel::avx2:
      return resize_kernels_avx2();
    case SimdLevel::scalar:
      break;
  }
#else
  (void)level;
#endif
  return {pack_nothing, pack_nothing, scalar::horizontal, vertical};
}

}  // namespace datamon::pipeline
