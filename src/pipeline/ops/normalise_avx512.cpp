// Normalising with AVX-512 VBMI: 16 pixels at a time.
#include "pipeline/ops/normalise_kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

namespace datamon::pipeline {
namespace {

#define DATAMON_AVX512 \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,fma,f16c")))
#define DATAMON_AVX512_INLINE DATAMON_AVX512 __attribute__((always_inline)) inline

using Tables = Normaliser::Tables;

constexpr int kPixels = 16;
constexpr int kPixelBytes = kPixels * kChannels;
constexpr __mmask64 kPixelMask = (__mmask64{1} << kPixelBytes) - 1;

// For each channel which byte of 16 pixels goes to the low byte of each 32-bit lane.
struct Picks {
  __m512i channel[kChannels];
};

DATAMON_AVX512_INLINE Picks make_picks(bool flip) {
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m512i pixel = flip ? _mm512_sub_epi32(_mm512_set1_epi32(kPixels - 1), lanes) : lanes;
  const __m512i first = _mm512_mullo_epi32(pixel, _mm512_set1_epi32(kChannels));
  return {{first, _mm512_add_epi32(first, _mm512_set1_epi32(1)),
           _mm512_add_epi32(first, _mm512_set1_epi32(2))}};
}

DATAMON_AVX512_INLINE __m512 normalise(__m512i bytes, __m512i pick, __m512 mean, __m512 high,
                                       __m512 low) {
  constexpr __mmask64 kLowBytes = 0x1111111111111111U;
  const __m512 x = _mm512_cvtepi32_ps(_mm512_maskz_permutexvar_epi8(kLowBytes, pick, bytes));
  const __m512 scaled = _mm512_fmadd_ps(x, _mm512_set1_ps(kInverse255High),
                                        _mm512_mul_ps(x, _mm512_set1_ps(kInverse255Low)));
  const __m512 centred = _mm512_sub_ps(scaled, mean);
  return _mm512_fmadd_ps(centred, high, _mm512_mul_ps(centred, low));
}

// Streaming stores bypass the caches; they want whole aligned vectors.
DATAMON_AVX512_INLINE void store(float* to, __m512 values, bool aligned) {
  if (aligned) {
    _mm512_stream_ps(to, values);
  } else {
    _mm512_storeu_ps(to, values);
  }
}

DATAMON_AVX512_INLINE void store(std::uint16_t* to, __m512 values, bool aligned) {
  const __m256i halves = _mm512_cvtps_ph(values, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  auto* place = reinterpret_cast<__m256i*>(to);
  if (aligned) {
    _mm256_stream_si256(place, halves);
  } else {
    _mm256_storeu_si256(place, halves);
  }
}

// All whole groups of 16 pixels; returns the first column that is left.
template <typename T>
DATAMON_AVX512_INLINE int write_groups(const Tables& tables, const std::uint8_t* pixels, int y,
                                       bool flip, const SampleSlot& slot) {
  const std::ptrdiff_t plane = std::ptrdiff_t{slot.width} * slot.height;
  T* row = static_cast<T*>(slot.memory) + std::ptrdiff_t{y} * slot.width;
  const auto plane_bytes = static_cast<std::uintptr_t>(plane) * sizeof(T);
  const bool aligned =
      ((reinterpret_cast<std::uintptr_t>(row) | plane_bytes) % (kPixels * sizeof(T))) == 0;
  const Picks picks = make_picks(flip);
  int x = 0;
  for (; x + kPixels <= slot.width; x += kPixels) {
    const int source = flip ? slot.width - kPixels - x : x;
    const __m512i bytes = _mm512_maskz_loadu_epi8(kPixelMask, pixels + source * kChannels);
    for (std::size_t c = 0; c < kChannels; ++c) {
      const __m512 values =
          normalise(bytes, picks.channel[c], _mm512_set1_ps(tables.mean[c]),
                    _mm512_set1_ps(tables.inverse_high[c]), _mm512_set1_ps(tables.inverse_low[c]));
      store(row + static_cast<std::ptrdiff_t>(c) * plane + x, values, aligned);
    }
  }
  return x;
}

DATAMON_AVX512 void write_float32(const Tables& tables, const std::uint8_t* pixels, int y,
                                  bool flip, const SampleSlot& slot) {
  const int done = tables.formula_is_exact ? write_groups<float>(tables, pixels, y, flip, slot) : 0;
  scalar::write_float32(tables, pixels, y, flip, slot, done);
}

DATAMON_AVX512 void write_float16(const Tables& tables, const std::uint8_t* pixels, int y,
                                  bool flip, const SampleSlot& slot) {
  const int done =
      tables.formula_is_exact ? write_groups<std::uint16_t>(tables, pixels, y, flip, slot) : 0;
  scalar::write_float16(tables, pixels, y, flip, slot, done);
}

// Mirrored: the same bytes in another order.
DATAMON_AVX512_INLINE __m512i mirror_pick() {
  alignas(64) std::uint8_t pick[64] = {};
  for (int i = 0; i < kPixelBytes; ++i) {
    pick[i] = static_cast<std::uint8_t>(kPixelBytes - kChannels - i / kChannels * kChannels +
                                        i % kChannels);
  }
  return _mm512_load_si512(pick);
}

DATAMON_AVX512 void write_uint8(const Tables&, const std::uint8_t* pixels, int y, bool flip,
                                const SampleSlot& slot) {
  if (!flip) {
    return scalar::write_uint8(pixels, y, flip, slot, 0);
  }
  std::uint8_t* row =
      static_cast<std::uint8_t*>(slot.memory) + std::ptrdiff_t{y} * slot.width * kChannels;
  const __m512i pick = mirror_pick();
  int x = 0;
  for (; x + kPixels <= slot.width; x += kPixels) {
    const __m512i bytes =
        _mm512_maskz_loadu_epi8(kPixelMask, pixels + (slot.width - kPixels - x) * kChannels);
    const __m512i mirrored = _mm512_permutexvar_epi8(pick, bytes);
    auto* to = reinterpret_cast<__m128i*>(row + x * kChannels);
    _mm_storeu_si128(to, _mm512_castsi512_si128(mirrored));
    _mm_storeu_si128(to + 1, _mm512_extracti32x4_epi32(mirrored, 1));
    _mm_storeu_si128(to + 2, _mm512_extracti32x4_epi32(mirrored, 2));
  }
  scalar::write_uint8(pixels, y, flip, slot, x);
}

}  // namespace

std::array<RowWriter, 3> row_writers_avx512() {
  return {write_float32, write_float16, write_uint8};
}

}  // namespace datamon::pipeline

#endif
