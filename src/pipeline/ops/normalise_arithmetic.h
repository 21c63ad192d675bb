// The arithmetic of normalising a pixel, for the CPU and the GPU alike.
//
// Promise: rounds as written; compile with -ffp-contract=off (nvcc: -fmad=false). Thread-safety:
// pure functions.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "pipeline/ops/host_device.h"

namespace datamon::pipeline {

// 1 / 255 = high + low.
inline constexpr auto kInverse255High = static_cast<float>(1.0 / 255.0);
inline constexpr auto kInverse255Low =
    static_cast<float>(1.0 / 255.0 - static_cast<double>(kInverse255High));

// One channel's numbers: 1 / std = inverse_high + inverse_low.
struct ChannelScale {
  float mean = 0;
  float inverse_high = 1;
  float inverse_low = 0;
};

// (pixel / 255 - mean) / std, the quotients as products with a two-part reciprocal: exactly that
// but for rare ties, so that whoever wants the exact value checks it for all 256 pixels.
DATAMON_HOST_DEVICE inline float normalised(int pixel, const ChannelScale& scale) {
  const auto x = static_cast<float>(pixel);
  const float scaled = std::fma(x, kInverse255High, x * kInverse255Low);
  const float centred = scaled - scale.mean;
  return std::fma(centred, scale.inverse_high, centred * scale.inverse_low);
}

// IEEE half precision bits of a float, rounded to nearest, ties to even.
DATAMON_HOST_DEVICE inline std::uint16_t half_bits(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000U;
  const std::uint32_t magnitude = bits & 0x7fffffffU;
  if (magnitude >= 0x7f800000U) {  // infinity, not a number
    return static_cast<std::uint16_t>(sign | 0x7c00U | (magnitude > 0x7f800000U ? 0x200U : 0U));
  }
  if (magnitude >= 0x477ff000U) {  // rounds to infinity
    return static_cast<std::uint16_t>(sign | 0x7c00U);
  }
  if (magnitude < 0x38800000U) {  // subnormal: adding 0.5 rounds the bits that do not fit
    const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000U));
  }
  const std::uint32_t odd = (magnitude >> 13) & 1U;
  return static_cast<std::uint16_t>(sign | ((magnitude - 0x38000000U + 0xfffU + odd) >> 13));
}

}  // namespace datamon::pipeline
