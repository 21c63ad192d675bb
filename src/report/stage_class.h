// What kind of work a stage is.
#pragma once

#include <cstdint>

namespace datamon::report {

// The classes of include/datamon/monitor.h, as the report names them.
enum class StageClass : std::uint8_t {
  kOther,
  kInit,
  kFetch,
  kRead,
  kDecode,
  kTransform,
  kCollate,
  kHandoff,
  kTransfer,
  kWait,
  kCompute,
  kGpu
};
inline constexpr int kStageClasses = 12;
const char* to_string(StageClass stage_class);

// True for work that makes batches: fetch ... hand-off.
inline bool makes_batches(StageClass stage_class) {
  return stage_class >= StageClass::kFetch && stage_class <= StageClass::kHandoff;
}

}  // namespace datamon::report
