// The functions behind the table that a program's header calls: the hot path.
#pragma once

#include "datamon/monitor.h"

namespace datamon::monitor {

// The table for the clock that was chosen.
const datamon_api* api_table();

// The same where every span is an NVTX range too. Only once begin_nvtx_ranges()
// said true.
const datamon_api* api_table_with_nvtx();

}  // namespace datamon::monitor
