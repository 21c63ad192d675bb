// Resizing with AVX2.
//
// A 22-bit weight is split into two 15-bit parts, w = high * 32768 + low, so that vpmaddwd
// multiplies two 16-bit pixels with two weights at once; two of them, shifted together, give the
// exact 32-bit sum.
#include "pipeline/ops/resize_kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <cstring>

namespace datamon::pipeline {
namespace {

#define DATAMON_AVX2 __attribute__((target("avx2")))
#define DATAMON_AVX2_INLINE DATAMON_AVX2 __attribute__((always_inline)) inline

constexpr int kTaps = 4;  // of a step
constexpr int kVectorBytes = 32;
constexpr int kPixelLoadBytes = 16;
constexpr int kLowBits = 15;

// Four taps' weights in the order of two vpmaddwd: taps 0 and 1, taps 2 and 3.
struct Step {
  std::int16_t high[kTaps];
  std::int16_t low[kTaps];
};

void pack(const ResizeWeights& weights, PackedWeights& packed) {
  packed.steps = 0;
  const int steps = (weights.max_count() + kTaps - 1) / kTaps;
  const auto count = static_cast<std::size_t>(weights.output_size() * steps);
  packed.memory.reserve(count * sizeof(Step));
  auto* step = packed.memory.as<Step>();
  std::fill_n(step, count, Step{});
  for (int i = 0; i < weights.output_size(); ++i, step += steps) {
    for (int tap = 0; tap < weights.count(i); ++tap) {
      const std::int32_t weight = weights.weights(i)[tap];
      step[tap / kTaps].high[tap % kTaps] = static_cast<std::int16_t>(weight >> kLowBits);
      step[tap / kTaps].low[tap % kTaps] =
          static_cast<std::int16_t>(weight & ((1 << kLowBits) - 1));
    }
  }
}

DATAMON_AVX2_INLINE __m256i broadcast_pair(const std::int16_t* two) {
  std::int32_t word;
  std::memcpy(&word, two, sizeof word);
  return _mm256_set1_epi32(word);
}

struct Sums {
  __m256i high, low;
};

DATAMON_AVX2_INLINE void add_products(Sums& sums, __m256i pixels, __m256i high, __m256i low) {
  sums.high = _mm256_add_epi32(sums.high, _mm256_madd_epi16(pixels, high));
  sums.low = _mm256_add_epi32(sums.low, _mm256_madd_epi16(pixels, low));
}

DATAMON_AVX2_INLINE __m256i round_sums(const Sums& sums) {
  const __m256i sum = _mm256_add_epi32(_mm256_slli_epi32(sums.high, kLowBits), sums.low);
  return _mm256_srli_epi32(sum, kWeightBits);
}

// One output pixel in two rows, a row in each half of the vectors.
DATAMON_AVX2_INLINE void resize_pixel(const Step* step, int steps, const std::uint8_t* upper,
                                      const std::uint8_t* lower, std::uint8_t* upper_out,
                                      std::uint8_t* lower_out) {
  // R0 R1, G0 G1, B0 B1 as pairs of 16-bit numbers; the same of taps 2 and 3.
  const __m256i pick01 = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1));
  const __m256i pick23 = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1));
  Sums sums = {_mm256_setzero_si256(), _mm256_set1_epi32(kWeightHalf)};
  for (int s = 0; s < steps; ++s, ++step) {
    const std::ptrdiff_t offset = std::ptrdiff_t{s} * kTaps * kChannels;
    const __m256i pixels = _mm256_loadu2_m128i(reinterpret_cast<const __m128i*>(lower + offset),
                                               reinterpret_cast<const __m128i*>(upper + offset));
    add_products(sums, _mm256_shuffle_epi8(pixels, pick01), broadcast_pair(step->high),
                 broadcast_pair(step->low));
    add_products(sums, _mm256_shuffle_epi8(pixels, pick23), broadcast_pair(step->high + 2),
                 broadcast_pair(step->low + 2));
  }
  const __m256i low_bytes = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(0, 4, 8, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1));
  const __m256i bytes = _mm256_shuffle_epi8(round_sums(sums), low_bytes);
  const int upper_rgb = _mm_cvtsi128_si32(_mm256_castsi256_si128(bytes));
  const int lower_rgb = _mm_cvtsi128_si32(_mm256_extracti128_si256(bytes, 1));
  std::memcpy(upper_out, &upper_rgb, sizeof upper_rgb);
  std::memcpy(lower_out, &lower_rgb, sizeof lower_rgb);
}

// The outputs, from the left, for which whole 16-byte loads stay inside the row.
int safe_outputs(const ResizeWeights& weights) {
  const int row_bytes = weights.input_size() * kChannels;
  int count = 0;
  for (; count < weights.output_size(); ++count) {
    const int last_step = (weights.count(count) - 1) / kTaps;
    const int last_load = (weights.first(count) + last_step * kTaps) * kChannels;
    if (last_load + kPixelLoadBytes > row_bytes) {
      break;
    }
  }
  return count;
}

DATAMON_AVX2 void resize_two_rows(const ResizeWeights& weights, const Step* step, int stride,
                                  int safe, const std::uint8_t* upper, const std::uint8_t* lower,
                                  std::uint8_t* upper_out, std::uint8_t* lower_out) {
  for (int x = 0; x < safe; ++x, step += stride) {
    const int offset = weights.first(x) * kChannels;
    const int steps = (weights.count(x) + kTaps - 1) / kTaps;
    resize_pixel(step, steps, upper + offset, lower + offset, upper_out + x * kChannels,
                 lower_out + x * kChannels);
  }
  scalar::resize_pixels(weights, upper, safe, weights.output_size(), upper_out);
  scalar::resize_pixels(weights, lower, safe, weights.output_size(), lower_out);
}

DATAMON_AVX2 void horizontal(const ResizeWeights& weights, const PackedWeights& packed,
                             const ImageView& in, std::uint8_t* out) {
  const auto* steps = packed.memory.as<Step>();
  const int stride = (weights.max_count() + kTaps - 1) / kTaps;
  const int safe = safe_outputs(weights);
  const std::ptrdiff_t out_stride = padded_row_bytes(weights.output_size());
  for (int y = 0; y < in.height; y += 2) {
    const int next = std::min(y + 1, in.height - 1);
    resize_two_rows(weights, steps, stride, safe, in.row(y), in.row(next), out + y * out_stride,
                    out + next * out_stride);
  }
}

// 32 bytes of one output row.
DATAMON_AVX2_INLINE __m256i resize_columns(const Step* step, const std::uint8_t* top,
                                           std::ptrdiff_t stride, int count) {
  const __m256i zero = _mm256_setzero_si256();
  Sums sums[4];
  for (Sums& sum : sums) {
    sum = {zero, _mm256_set1_epi32(kWeightHalf)};
  }
  for (int tap = 0; tap < count; tap += 2) {
    const int next = std::min(tap + 1, count - 1);
    const __m256i r0 = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(top + tap * stride));
    const __m256i r1 = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(top + next * stride));
    const __m256i low = _mm256_unpacklo_epi8(r0, r1);
    const __m256i high = _mm256_unpackhi_epi8(r0, r1);
    const __m256i weight_high = broadcast_pair(step[tap / kTaps].high + tap % kTaps);
    const __m256i weight_low = broadcast_pair(step[tap / kTaps].low + tap % kTaps);
    add_products(sums[0], _mm256_unpacklo_epi8(low, zero), weight_high, weight_low);
    add_products(sums[1], _mm256_unpackhi_epi8(low, zero), weight_high, weight_low);
    add_products(sums[2], _mm256_unpacklo_epi8(high, zero), weight_high, weight_low);
    add_products(sums[3], _mm256_unpackhi_epi8(high, zero), weight_high, weight_low);
  }
  return _mm256_packus_epi16(_mm256_packus_epi32(round_sums(sums[0]), round_sums(sums[1])),
                             _mm256_packus_epi32(round_sums(sums[2]), round_sums(sums[3])));
}

DATAMON_AVX2 void vertical(const ResizeWeights& weights, const PackedWeights& packed, int y,
                           const ImageView& in, std::uint8_t* out) {
  const int stride = (weights.max_count() + kTaps - 1) / kTaps;
  const auto* steps = packed.memory.as<Step>() + y * stride;
  const std::uint8_t* top = in.row(weights.first(y));
  int i = 0;
  for (; i + kVectorBytes <= in.width * kChannels; i += kVectorBytes) {
    const __m256i bytes = resize_columns(steps, top + i, in.stride, weights.count(y));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i), bytes);
  }
  scalar::resize_columns(weights, y, in, i, out);
}

}  // namespace

ResizeKernels resize_kernels_avx2() { return {pack, pack, horizontal, vertical}; }

}  // namespace datamon::pipeline

#endif
