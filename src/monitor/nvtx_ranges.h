// Spans as NVTX ranges (MON_NVTX=1), in the domain "datamon": what Nsight Systems
// and other tools show. Names are registered once a stage.
//
// Thread-safe but for begin_nvtx_ranges(). Keeps errno. Nothing throws; nothing
// is printed but by begin_nvtx_ranges().
#pragma once

#include "datamon/monitor.h"

namespace datamon::monitor {

// Asks NVTX for the domain, once a process. False when no tool listens: then
// there is nothing to emit. One line on stderr if this build has no NVTX.
bool begin_nvtx_ranges();

void push_nvtx_range(datamon_stage stage);
void pop_nvtx_range();

}  // namespace datamon::monitor
