// The stages that every recording has without defining them. The numbers are
// part of the recording format and the same as in include/datamon/monitor.h,
// which is not included here: it would attach the monitor to the report itself.
#pragma once

#include <vector>

#include "report/recording.h"

namespace datamon::report {

namespace builtin {
inline constexpr std::uint16_t kInit = 1, kFetch = 2, kRead = 3, kDecode = 4, kTransform = 5,
                               kCollate = 6, kSend = 7, kQueue = 8, kReceive = 9, kPin = 10,
                               kTransfer = 11, kWait = 12, kCompute = 13, kGpuBusy = 14,
                               kFirstUser = 64;
}  // namespace builtin

// What a thread does; TrackRecord::role.
enum class Role : std::uint32_t {
  kOther,
  kConsumer,
  kWorker,
  kPin,
  kSampler,
  kDevice,
  kDeviceCalls
};

// Adds those that are not there yet, sorts by number, and drops definitions of
// a number that has one already (the first one counts).
void add_builtin_stages(std::vector<Stage>& stages);

}  // namespace datamon::report
