// What this library does at the job's NVTX calls: first what the chained tool
// does, then the span. A call's result is the tool's where there is one.
#pragma once

#include <nvtx3/nvToolsExt.h>

namespace datamon::nvtx {

// Puts our functions, and the chained tool's for the calls that do not concern
// us, into the tables of one shared object. False: it has none that we know.
bool install(NvtxGetExportTableFunc_t table);

}  // namespace datamon::nvtx
