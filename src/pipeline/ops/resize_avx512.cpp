// Resizing with AVX-512 VBMI and VNNI.
//
// A 22-bit weight is split into three signed bytes, w = a * 65536 + b * 256 + c, so that vpdpbusd
// multiplies four 8-bit pixels with four weights at once; three of them, shifted by 8 bits in
// between, give the exact 32-bit sum. Both passes take the taps in steps of four.
#include "pipeline/ops/resize_kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <cstring>

namespace datamon::pipeline {
namespace {

#define DATAMON_AVX512 \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")))
#define DATAMON_AVX512_INLINE DATAMON_AVX512 __attribute__((always_inline)) inline

constexpr int kTaps = 4;    // of a step
constexpr int kPixels = 4;  // of a group: 4 pixels x 4 taps x (R, G, B, unused) = 64 bytes
constexpr int kVectorBytes = 64;
constexpr int kRowsAtOnce = 4;
// Rounding: half of 1 << 22, put in where it is to be shifted by two times 8 bits.
constexpr int kHalfBeforeShifts = 1 << (kWeightBits - 1 - 16);

struct Limbs {
  std::int8_t a, b, c;
};

Limbs split(std::int32_t weight) {
  const auto c = static_cast<std::int8_t>(weight & 0xff);
  const std::int32_t above = (weight - c) >> 8;
  const auto b = static_cast<std::int8_t>(above & 0xff);
  return {static_cast<std::int8_t>((above - b) >> 8), b, c};
}

// What one step of one group of output pixels needs. The pixels of all its taps lie in 64 bytes.
struct alignas(kVectorBytes) HorizontalStep {
  std::uint8_t pick[kVectorBytes];  // which of those 64 bytes is which tap
  std::int8_t a[kVectorBytes];
  std::int8_t b[kVectorBytes];
  std::int8_t c[kVectorBytes];
  std::int32_t offset;  // of those 64 bytes in the row
};

// What one step of one output row needs, for broadcasting.
struct VerticalStep {
  std::int8_t a[kTaps];
  std::int8_t b[kTaps];
  std::int8_t c[kTaps];
  std::int8_t padding[4];
};

int step_count(const ResizeWeights& weights) { return (weights.max_count() + kTaps - 1) / kTaps; }

// Weights behind the last one of an output are zero; their taps may be any pixel.
void fill_step(const ResizeWeights& weights, int group, int step, HorizontalStep& out) {
  const int row_bytes = weights.input_size() * kChannels;
  const int first_output = group * kPixels;
  const int room = std::max(0, row_bytes - kVectorBytes);
  out.offset = std::min((weights.first(first_output) + step * kTaps) * kChannels, room);
  for (int p = 0; p < kPixels; ++p) {
    const int output = std::min(first_output + p, weights.output_size() - 1);
    for (int t = 0; t < kTaps; ++t) {
      const int tap = step * kTaps + t;
      const bool used = tap < weights.count(output);
      const Limbs limbs = split(used ? weights.weights(output)[tap] : 0);
      const int byte = (weights.first(output) + tap) * kChannels - out.offset;
      for (int c = 0; c < kTaps; ++c) {
        const int i = (p * 4 + c) * kTaps + t;
        out.pick[i] = static_cast<std::uint8_t>(used && c < kChannels ? byte + c : 0);
        out.a[i] = limbs.a;
        out.b[i] = limbs.b;
        out.c[i] = limbs.c;
      }
    }
  }
}

// Whether the taps of every step of every group lie within 64 bytes.
bool fits_vectors(const ResizeWeights& weights) {
  for (int x = 0; x < weights.output_size(); ++x) {
    const int start = weights.first(x / kPixels * kPixels);
    const int distance = weights.first(x) - start;
    if (distance < 0 || (distance + kTaps) * kChannels > kVectorBytes) {
      return false;
    }
  }
  return true;
}

void pack_horizontal(const ResizeWeights& weights, PackedWeights& packed) {
  packed.steps = 0;
  if (!fits_vectors(weights)) {
    return resize_kernels_avx2().pack_horizontal(weights, packed);
  }
  packed.steps = step_count(weights);
  const int groups = (weights.output_size() + kPixels - 1) / kPixels;
  const auto count = static_cast<std::size_t>(groups * packed.steps);
  packed.memory.reserve(count * sizeof(HorizontalStep));
  auto* step = packed.memory.as<HorizontalStep>();
  for (int group = 0; group < groups; ++group) {
    for (int s = 0; s < packed.steps; ++s) {
      fill_step(weights, group, s, *step++);
    }
  }
}

void pack_vertical(const ResizeWeights& weights, PackedWeights& packed) {
  packed.steps = step_count(weights);
  const auto count = static_cast<std::size_t>(weights.output_size() * packed.steps);
  packed.memory.reserve(count * sizeof(VerticalStep));
  auto* step = packed.memory.as<VerticalStep>();
  std::fill_n(step, count, VerticalStep{});
  for (int y = 0; y < weights.output_size(); ++y, step += packed.steps) {
    for (int tap = 0; tap < weights.count(y); ++tap) {
      const Limbs limbs = split(weights.weights(y)[tap]);
      step[tap / kTaps].a[tap % kTaps] = limbs.a;
      step[tap / kTaps].b[tap % kTaps] = limbs.b;
      step[tap / kTaps].c[tap % kTaps] = limbs.c;
    }
  }
}

struct LimbVectors {
  __m512i a, b, c;
};

// The sums of the products with one limb each, before they are shifted together.
using Sums = LimbVectors;

DATAMON_AVX512_INLINE __m512i half() { return _mm512_set1_epi32(kHalfBeforeShifts); }

DATAMON_AVX512_INLINE void add_products(Sums& sums, __m512i pixels, const LimbVectors& weights) {
  sums.a = _mm512_dpbusd_epi32(sums.a, pixels, weights.a);
  sums.b = _mm512_dpbusd_epi32(sums.b, pixels, weights.b);
  sums.c = _mm512_dpbusd_epi32(sums.c, pixels, weights.c);
}

// All weights are positive and sum to 1 within rounding: the result needs no clipping.
DATAMON_AVX512_INLINE __m512i round_sums(const Sums& sums) {
  const __m512i ab = _mm512_add_epi32(_mm512_slli_epi32(sums.a, 8), sums.b);
  const __m512i abc = _mm512_add_epi32(_mm512_slli_epi32(ab, 8), sums.c);
  return _mm512_srli_epi32(abc, kWeightBits);
}

// add_products and round_sums where there is one step only.
DATAMON_AVX512_INLINE __m512i weigh_once(__m512i pixels, const LimbVectors& weights) {
  const __m512i a = _mm512_dpbusd_epi32(half(), pixels, weights.a);
  const __m512i b = _mm512_dpbusd_epi32(_mm512_slli_epi32(a, 8), pixels, weights.b);
  const __m512i c = _mm512_dpbusd_epi32(_mm512_slli_epi32(b, 8), pixels, weights.c);
  return _mm512_srli_epi32(c, kWeightBits);
}

// The taps of a group in one row; rows narrower than a vector are read with a mask.
struct RowReader {
  std::ptrdiff_t stride;
  __mmask64 mask;
  bool whole;

  DATAMON_AVX512_INLINE __m512i taps(const HorizontalStep& step, const std::uint8_t* row) const {
    const __m512i pixels = whole ? _mm512_loadu_si512(row + step.offset)
                                 : _mm512_maskz_loadu_epi8(mask, row + step.offset);
    return _mm512_permutexvar_epi8(_mm512_load_si512(step.pick), pixels);
  }
};

DATAMON_AVX512_INLINE LimbVectors load_weights(const HorizontalStep& step) {
  return {_mm512_load_si512(step.a), _mm512_load_si512(step.b), _mm512_load_si512(step.c)};
}

// Stores R, G, B, the low bytes of the first three lanes of every four; 4 more bytes are spoiled.
DATAMON_AVX512_INLINE void store_group(__m512i values, std::uint8_t* out) {
  const __m128i low_bytes = _mm_setr_epi8(0, 4, 8, 16, 20, 24, 32, 36, 40, 48, 52, 56, 0, 0, 0, 0);
  const __m512i packed = _mm512_permutexvar_epi8(_mm512_castsi128_si512(low_bytes), values);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm512_castsi512_si128(packed));
}

template <int Rows>
DATAMON_AVX512_INLINE void resize_group(const HorizontalStep* step, int steps,
                                        const RowReader& reader, const std::uint8_t* in,
                                        std::uint8_t* out, std::ptrdiff_t out_stride) {
  if (steps == 1) {
    const LimbVectors weights = load_weights(*step);
    for (int r = 0; r < Rows; ++r) {
      const __m512i taps = reader.taps(*step, in + r * reader.stride);
      store_group(weigh_once(taps, weights), out + r * out_stride);
    }
    return;
  }
  Sums sums[Rows];
  for (int r = 0; r < Rows; ++r) {
    sums[r] = {half(), _mm512_setzero_si512(), _mm512_setzero_si512()};
  }
  for (int s = 0; s < steps; ++s) {
    const LimbVectors weights = load_weights(step[s]);
    for (int r = 0; r < Rows; ++r) {
      add_products(sums[r], reader.taps(step[s], in + r * reader.stride), weights);
    }
  }
  for (int r = 0; r < Rows; ++r) {
    store_group(round_sums(sums[r]), out + r * out_stride);
  }
}

template <int Rows>
DATAMON_AVX512 void resize_rows(const ResizeWeights& weights, const PackedWeights& packed,
                                const ImageView& in, int y, std::uint8_t* out) {
  const int row_bytes = weights.input_size() * kChannels;
  const bool whole = row_bytes >= kVectorBytes;
  const RowReader reader{in.stride, whole ? 0 : (__mmask64{1} << row_bytes) - 1, whole};
  const std::ptrdiff_t out_stride = padded_row_bytes(weights.output_size());
  const auto* step = packed.memory.as<HorizontalStep>();
  std::uint8_t* to = out + y * out_stride;
  for (int x = 0; x < weights.output_size(); x += kPixels, step += packed.steps) {
    resize_group<Rows>(step, packed.steps, reader, in.row(y), to, out_stride);
    to += kPixels * kChannels;
  }
}

DATAMON_AVX512 void horizontal(const ResizeWeights& weights, const PackedWeights& packed,
                               const ImageView& in, std::uint8_t* out) {
  if (packed.steps == 0) {
    return resize_kernels_avx2().horizontal(weights, packed, in, out);
  }
  int y = 0;
  for (; y + kRowsAtOnce <= in.height; y += kRowsAtOnce) {
    resize_rows<kRowsAtOnce>(weights, packed, in, y, out);
  }
  for (; y < in.height; ++y) {
    resize_rows<1>(weights, packed, in, y, out);
  }
}

DATAMON_AVX512_INLINE __m512i broadcast(const std::int8_t* four) {
  std::int32_t word;
  std::memcpy(&word, four, sizeof word);
  return _mm512_set1_epi32(word);
}

DATAMON_AVX512_INLINE LimbVectors load_weights(const VerticalStep& step) {
  return {broadcast(step.a), broadcast(step.b), broadcast(step.c)};
}

// 64 bytes of four rows, transposed: each 32-bit lane holds one column's four bytes. The order of
// the lanes is that which packing undoes.
struct Columns {
  __m512i part[4];
};

DATAMON_AVX512_INLINE Columns transpose(__m512i r0, __m512i r1, __m512i r2, __m512i r3) {
  const __m512i low01 = _mm512_unpacklo_epi8(r0, r1);
  const __m512i high01 = _mm512_unpackhi_epi8(r0, r1);
  const __m512i low23 = _mm512_unpacklo_epi8(r2, r3);
  const __m512i high23 = _mm512_unpackhi_epi8(r2, r3);
  return {{_mm512_unpacklo_epi16(low01, low23), _mm512_unpackhi_epi16(low01, low23),
           _mm512_unpacklo_epi16(high01, high23), _mm512_unpackhi_epi16(high01, high23)}};
}

DATAMON_AVX512_INLINE __m512i pack_columns(__m512i p0, __m512i p1, __m512i p2, __m512i p3) {
  return _mm512_packus_epi16(_mm512_packus_epi32(p0, p1), _mm512_packus_epi32(p2, p3));
}

// The rows of one step's taps. Taps behind the last one stand for the last row; their weight is 0.
struct TapRows {
  const std::uint8_t* row[kTaps];

  TapRows(const ImageView& in, int first, int step, int last) {
    for (int t = 0; t < kTaps; ++t) {
      row[t] = in.row(first + std::min(step * kTaps + t, last));
    }
  }
  DATAMON_AVX512_INLINE Columns columns(int i, __mmask64 mask) const {
    return transpose(
        _mm512_maskz_loadu_epi8(mask, row[0] + i), _mm512_maskz_loadu_epi8(mask, row[1] + i),
        _mm512_maskz_loadu_epi8(mask, row[2] + i), _mm512_maskz_loadu_epi8(mask, row[3] + i));
  }
};

DATAMON_AVX512_INLINE __mmask64 mask_of(int remaining_bytes) {
  return remaining_bytes >= kVectorBytes ? ~__mmask64{0} : (__mmask64{1} << remaining_bytes) - 1;
}

DATAMON_AVX512 void resize_row_once(const VerticalStep& step, const TapRows& rows, int row_bytes,
                                    std::uint8_t* out) {
  const LimbVectors weights = load_weights(step);
  for (int i = 0; i < row_bytes; i += kVectorBytes) {
    const Columns columns = rows.columns(i, mask_of(row_bytes - i));
    const __m512i bytes =
        pack_columns(weigh_once(columns.part[0], weights), weigh_once(columns.part[1], weights),
                     weigh_once(columns.part[2], weights), weigh_once(columns.part[3], weights));
    _mm512_storeu_si512(out + i, bytes);
  }
}

DATAMON_AVX512 void resize_row(const VerticalStep* steps, int step_count, const ImageView& in,
                               int first, int last, std::uint8_t* out) {
  const int row_bytes = in.width * kChannels;
  for (int i = 0; i < row_bytes; i += kVectorBytes) {
    Sums sums[4];
    for (Sums& sum : sums) {
      sum = {half(), _mm512_setzero_si512(), _mm512_setzero_si512()};
    }
    for (int s = 0; s < step_count; ++s) {
      const LimbVectors weights = load_weights(steps[s]);
      const Columns columns = TapRows(in, first, s, last).columns(i, mask_of(row_bytes - i));
      for (int p = 0; p < 4; ++p) {
        add_products(sums[p], columns.part[p], weights);
      }
    }
    _mm512_storeu_si512(out + i, pack_columns(round_sums(sums[0]), round_sums(sums[1]),
                                              round_sums(sums[2]), round_sums(sums[3])));
  }
}

void vertical(const ResizeWeights& weights, const PackedWeights& packed, int y, const ImageView& in,
              std::uint8_t* out) {
  const auto* steps = packed.memory.as<VerticalStep>() + y * packed.steps;
  const int first = weights.first(y);
  const int last = weights.count(y) - 1;
  if (last < kTaps) {
    resize_row_once(*steps, TapRows(in, first, 0, last), in.width * kChannels, out);
  } else {
    resize_row(steps, last / kTaps + 1, in, first, last, out);
  }
}

}  // namespace

ResizeKernels resize_kernels_avx512() {
  return {pack_horizontal, pack_vertical, horizontal, vertical};
}

}  // namespace datamon::pipeline

#endif
