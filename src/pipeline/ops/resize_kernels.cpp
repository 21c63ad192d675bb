#include "pipeline/ops/resize_kernels.h"

#include <algorithm>

namespace datamon::pipeline {
namespace {

constexpr std::int32_t kHalf = 1 << (kWeightBits - 1);

std::uint8_t round_and_clip(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
}

void horizontal(const ResizeWeights& weights, const std::uint8_t* in, std::uint8_t* out) {
  for (int x = 0; x < weights.output_size(); ++x) {
    const std::int32_t* w = weights.weights(x);
    const std::uint8_t* pixel = in + weights.first(x) * kChannels;
    std::int32_t sums[kChannels] = {kHalf, kHalf, kHalf};
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

void vertical(const ResizeWeights& weights, int y, const ImageView& in, std::uint8_t* out) {
  const std::int32_t* w = weights.weights(y);
  const std::uint8_t* top = in.row(weights.first(y));
  for (int i = 0; i < in.width * kChannels; ++i) {
    std::int32_t sum = kHalf;
    for (int j = 0; j < weights.count(y); ++j) {
      sum += top[j * in.stride + i] * w[j];
    }
    out[i] = round_and_clip(sum);
  }
}

}  // namespace

ResizeKernels resize_kernels(SimdLevel) { return {horizontal, vertical}; }

}  // namespace datamon::pipeline
