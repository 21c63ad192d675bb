// Normalising with AVX2, FMA and F16C: 8 pixels at a time.
#include "pipeline/ops/normalise_kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

namespace datamon::pipeline {
namespace {

#define DATAMON_AVX2 __attribute__((target("avx2,fma,f16c")))
#define DATAMON_AVX2_INLINE DATAMON_AVX2 __attribute__((always_inline)) inline

using Tables = Normaliser::Tables;

constexpr int kPixels = 8;

// 8 pixels are 24 bytes: pixels 0 to 3 in the first 12, pixels 4 to 7 in the last 12. Both halves
// are read so that nothing outside the 24 bytes is touched.
DATAMON_AVX2_INLINE __m256i load_pixels(const std::uint8_t* pixels) {
  const __m128i first = _mm_loadu_si128(reinterpret_cast<const __m128i*>(pixels));
  const __m128i last = _mm_loadu_si128(reinterpret_cast<const __m128i*>(pixels + 8));
  return _mm256_set_m128i(_mm_srli_si128(last, 4), first);
}

// Which bytes of 12 become the low bytes of four 32-bit numbers; -1 is a zero.
template <int Channel, bool Flip>
DATAMON_AVX2_INLINE __m256i pick_bytes() {
  constexpr char kFirst = Channel + (Flip ? 3 * kChannels : 0);
  constexpr char kStep = Flip ? -kChannels : kChannels;
  return _mm256_broadcastsi128_si256(_mm_setr_epi8(kFirst, -1, -1, -1, kFirst + kStep, -1, -1, -1,
                                                   kFirst + 2 * kStep, -1, -1, -1,
                                                   kFirst + 3 * kStep, -1, -1, -1));
}

// One channel as 32-bit numbers, in the order of output.
template <int Channel, bool Flip>
DATAMON_AVX2_INLINE __m256i pick_channel(__m256i bytes) {
  const __m256i picked = _mm256_shuffle_epi8(bytes, pick_bytes<Channel, Flip>());
  return Flip ? _mm256_permute2x128_si256(picked, picked, 1) : picked;
}

DATAMON_AVX2_INLINE __m256 normalise(__m256i values, const Tables& tables, std::size_t c) {
  const __m256 x = _mm256_cvtepi32_ps(values);
  const __m256 scaled = _mm256_fmadd_ps(x, _mm256_set1_ps(kInverse255High),
                                        _mm256_mul_ps(x, _mm256_set1_ps(kInverse255Low)));
  const __m256 centred = _mm256_sub_ps(scaled, _mm256_set1_ps(tables.mean[c]));
  return _mm256_fmadd_ps(centred, _mm256_set1_ps(tables.inverse_high[c]),
                         _mm256_mul_ps(centred, _mm256_set1_ps(tables.inverse_low[c])));
}

DATAMON_AVX2_INLINE void store(float* to, __m256 values, bool aligned) {
  if (aligned) {
    _mm256_stream_ps(to, values);
  } else {
    _mm256_storeu_ps(to, values);
  }
}

DATAMON_AVX2_INLINE void store(std::uint16_t* to, __m256 values, bool aligned) {
  const __m128i halves = _mm256_cvtps_ph(values, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  auto* place = reinterpret_cast<__m128i*>(to);
  if (aligned) {
    _mm_stream_si128(place, halves);
  } else {
    _mm_storeu_si128(place, halves);
  }
}

template <int Channel, bool Flip, typename T>
DATAMON_AVX2_INLINE void write_channel(const Tables& tables, __m256i bytes, T* to, bool aligned) {
  store(to, normalise(pick_channel<Channel, Flip>(bytes), tables, Channel), aligned);
}

// All whole groups of 8 pixels; returns the first column that is left.
template <bool Flip, typename T>
DATAMON_AVX2 int write_groups(const Tables& tables, const std::uint8_t* pixels, int y,
                              const SampleSlot& slot) {
  const std::ptrdiff_t plane = std::ptrdiff_t{slot.width} * slot.height;
  T* row = static_cast<T*>(slot.memory) + std::ptrdiff_t{y} * slot.width;
  const auto plane_bytes = static_cast<std::uintptr_t>(plane) * sizeof(T);
  const bool aligned =
      ((reinterpret_cast<std::uintptr_t>(row) | plane_bytes) % (kPixels * sizeof(T))) == 0;
  int x = 0;
  for (; x + kPixels <= slot.width; x += kPixels) {
    const __m256i bytes = load_pixels(pixels + (Flip ? slot.width - kPixels - x : x) * kChannels);
    write_channel<0, Flip>(tables, bytes, row + x, aligned);
    write_channel<1, Flip>(tables, bytes, row + plane + x, aligned);
    write_channel<2, Flip>(tables, bytes, row + 2 * plane + x, aligned);
  }
  return x;
}

template <typename T>
int write_groups(const Tables& tables, const std::uint8_t* pixels, int y, bool flip,
                 const SampleSlot& slot) {
  if (!tables.formula_is_exact) {
    return 0;
  }
  return flip ? write_groups<true, T>(tables, pixels, y, slot)
              : write_groups<false, T>(tables, pixels, y, slot);
}

void write_float32(const Tables& tables, const std::uint8_t* pixels, int y, bool flip,
                   const SampleSlot& slot) {
  const int done = write_groups<float>(tables, pixels, y, flip, slot);
  scalar::write_float32(tables, pixels, y, flip, slot, done);
}

void write_float16(const Tables& tables, const std::uint8_t* pixels, int y, bool flip,
                   const SampleSlot& slot) {
  const int done = write_groups<std::uint16_t>(tables, pixels, y, flip, slot);
  scalar::write_float16(tables, pixels, y, flip, slot, done);
}

void write_uint8(const Tables&, const std::uint8_t* pixels, int y, bool flip,
                 const SampleSlot& slot) {
  scalar::write_uint8(pixels, y, flip, slot, 0);
}

}  // namespace

std::array<RowWriter, 3> row_writers_avx2() { return {write_float32, write_float16, write_uint8}; }

}  // namespace datamon::pipeline

#endif
