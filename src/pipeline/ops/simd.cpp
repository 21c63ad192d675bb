#include "pipeline/ops/simd.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace datamon::pipeline {
namespace {

#if defined(__x86_64__)
// Clang's __builtin_cpu_supports does not know it.
bool has_f16c() {
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
}
#endif

SimdLevel detect() {
  for (const SimdLevel level : {SimdLevel::avx512, SimdLevel::avx2}) {
    if (has_simd_level(level)) {
      return level;
    }
  }
  return SimdLevel::scalar;
}

SimdLevel limit_from_environment() {
  const char* value = std::getenv("DATAMON_SIMD");
  for (const SimdLevel level : {SimdLevel::scalar, SimdLevel::avx2}) {
    if (value != nullptr && std::string_view(value) == name_of(level)) {
      return level;
    }
  }
  return SimdLevel::avx512;
}

}  // namespace

bool has_simd_level(SimdLevel level) {
#if defined(__x86_64__)
  switch (level) {
    case SimdLevel::scalar:
      return true;
    case SimdLevel::avx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
    case SimdLevel::avx512:
      return has_simd_level(SimdLevel::avx2) && __builtin_cpu_supports("avx512f") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi") &&
             __builtin_cpu_supports("avx512vnni");
  }
  return false;
#else
  return level == SimdLevel::scalar;
#endif
}

SimdLevel best_simd_level() {
  static const SimdLevel level = std::min(detect(), limit_from_environment());
  return level;
}

const char* name_of(SimdLevel level) {
  switch (level) {
    case SimdLevel::avx2:
      return "avx2";
    case SimdLevel::avx512:
      return "avx512";
    default:
      return "scalar";
  }
}

}  // namespace datamon::pipeline
