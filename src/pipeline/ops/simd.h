// Which instruction sets the operators use. Every level gives the same bits; they differ in speed.
#pragma once

namespace datamon::pipeline {

enum class SimdLevel {
  scalar,
  avx2,    // with FMA and F16C
  avx512,  // F, BW, DQ, VL, VBMI and VNNI (Ice Lake, Zen 4 and later)
};

// The best level that this machine has. DATAMON_SIMD=scalar|avx2|avx512 in the environment lowers
// it (never raises it). Read once, at the first call. Thread-safe.
SimdLevel best_simd_level();

// Whether this machine has it, whatever the environment says.
bool has_simd_level(SimdLevel level);

const char* name_of(SimdLevel level);

}  // namespace datamon::pipeline
