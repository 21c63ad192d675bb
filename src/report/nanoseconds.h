// What times of traces are read as. Pure.
#pragma once

#include <cstdint>

namespace datamon::report {

inline double seconds(std::int64_t ns) { return static_cast<double>(ns) * 1e-9; }

}  // namespace datamon::report
