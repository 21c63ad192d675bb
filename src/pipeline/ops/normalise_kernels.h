// Normaliser's row writers; one set for each SimdLevel, all with the same result.
#pragma once

#include <array>
#include <cstdint>

#include "pipeline/ops/normalise.h"
#include "pipeline/ops/normalise_arithmetic.h"

namespace datamon::pipeline {

using RowWriter = void (*)(const Normaliser::Tables& tables, const std::uint8_t* pixels, int y,
                           bool flip, const SampleSlot& slot);

// In the order of SampleFormat.
std::array<RowWriter, 3> row_writers(SimdLevel level);

// Makes streaming stores visible in order with what follows.
void drain_stores();

// The plain ones, which the others use for the pixels that do not fill a vector.
namespace scalar {
// Output columns from first_x on.
void write_float32(const Normaliser::Tables& tables, const std::uint8_t* pixels, int y, bool flip,
                   const SampleSlot& slot, int first_x);
void write_float16(const Normaliser::Tables& tables, const std::uint8_t* pixels, int y, bool flip,
                   const SampleSlot& slot, int first_x);
void write_uint8(const std::uint8_t* pixels, int y, bool flip, const SampleSlot& slot, int first_x);
}  // namespace scalar

#if defined(__x86_64__)
std::array<RowWriter, 3> row_writers_avx2();
std::array<RowWriter, 3> row_writers_avx512();
#endif

}  // namespace datamon::pipeline
