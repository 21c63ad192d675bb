// MON_NVTX_IN=1: has NVTX load the library that reads the job's ranges.
#pragma once

namespace datamon::monitor {

// Names libdatamon-nvtx.so, beside this library, in NVTX_INJECTION64_PATH, where
// NVTX looks at a shared object's first NVTX call. A tool that was named there is
// kept in MON_NVTX_CHAIN and called as well. Changes the environment: at start-up
// only. One line on stderr if the library is not there.
void offer_nvtx_reader();

}  // namespace datamon::monitor
