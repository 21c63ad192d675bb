#include "pipeline/ops/normalise_kernels.h"

#include <cstring>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace datamon::pipeline {
namespace {

using Tables = Normaliser::Tables;

// The input pixel that output column x shows.
const std::uint8_t* source_of(const std::uint8_t* pixels, int x, bool flip, int width) {
  return pixels + (flip ? width - 1 - x : x) * kChannels;
}

template <typename T>
void write_planes(const std::array<std::array<T, 256>, kChannels>& table,
                  const std::uint8_t* pixels, int y, bool flip, const SampleSlot& slot,
                  int first_x) {
  const std::ptrdiff_t plane = std::ptrdiff_t{slot.width} * slot.height;
  T* row = static_cast<T*>(slot.memory) + std::ptrdiff_t{y} * slot.width;
  for (int x = first_x; x < slot.width; ++x) {
    const std::uint8_t* pixel = source_of(pixels, x, flip, slot.width);
    for (std::size_t c = 0; c < kChannels; ++c) {
      row[static_cast<std::ptrdiff_t>(c) * plane + x] = table[c][pixel[c]];
    }
  }
}

void write_float32_row(const Tables& tables, const std::uint8_t* pixels, int y, bool flip,
                       const SampleSlot& slot) {
  scalar::write_float32(tables, pixels, y, flip, slot, 0);
}

void write_float16_row(const Tables& tables, const std::uint8_t* pixels, int y, bool flip,
                       const SampleSlot& slot) {
  scalar::write_float16(tables, pixels, y, flip, slot, 0);
}

void write_uint8_row(const Tables&, const std::uint8_t* pixels, int y, bool flip,
                     const SampleSlot& slot) {
  scalar::write_uint8(pixels, y, flip, slot, 0);
}

}  // namespace

namespace scalar {

void write_float32(const Tables& tables, const std::uint8_t* pixels, int y, bool flip,
                   const SampleSlot& slot, int first_x) {
  write_planes<float>(tables.values, pixels, y, flip, slot, first_x);
}

void write_float16(const Tables& tables, const std::uint8_t* pixels, int y, bool flip,
                   const SampleSlot& slot, int first_x) {
  write_planes<std::uint16_t>(tables.halves, pixels, y, flip, slot, first_x);
}

void write_uint8(const std::uint8_t* pixels, int y, bool flip, const SampleSlot& slot,
                 int first_x) {
  const std::ptrdiff_t row_bytes = std::ptrdiff_t{slot.width} * kChannels;
  std::uint8_t* row = static_cast<std::uint8_t*>(slot.memory) + y * row_bytes;
  if (!flip) {
    const std::ptrdiff_t done = std::ptrdiff_t{first_x} * kChannels;
    std::memcpy(row + done, pixels + done, static_cast<std::size_t>(row_bytes - done));
    return;
  }
  for (int x = first_x; x < slot.width; ++x) {
    std::memcpy(row + x * kChannels, source_of(pixels, x, flip, slot.width), kChannels);
  }
}

}  // namespace scalar

std::array<RowWriter, 3> row_writers(SimdLevel level) {
#if defined(__x86_64__)
  switch (level) {
    case SimdLevel::avx512:
      return row_writers_avx512();
    case SimdLevel::avx2:
      return row_writers_avx2();
    case SimdLevel::scalar:
      break;
  }
#else
  (void)level;
#endif
  return {write_float32_row, write_float16_row, write_uint8_row};
}

void drain_stores() {
#if defined(__x86_64__)
  _mm_sfence();
#endif
}

}  // namespace datamon::pipeline
