// Ranges of NVTX's payload extension (nvtxRangePushPayload and the like). What
// they are called is inside the payload, in a layout of the job's: they are
// recorded as unnamed ranges, so that a pop closes the range that it belongs to.
#pragma once

#include <nvtx3/nvToolsExtPayload.h>

namespace datamon::nvtx {

// Puts our functions into one shared object's module of the extension, in front
// of those that a chained tool has put there. Other modules are left as they are.
void install_payload_ranges(nvtxExtModuleInfo_t& module);

}  // namespace datamon::nvtx
