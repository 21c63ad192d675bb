// Has others load the project's libraries into the job: NVTX the one that reads the
// job's ranges (MON_NVTX_IN=1), NVIDIA's driver the one that records what the GPU does
// (MON_CUPTI=1). Both lie beside this library.
//
// These change the environment: at start-up only. One line on stderr if the library is
// not there.
#pragma once

namespace datamon::monitor {

// NVTX looks in NVTX_INJECTION64_PATH, at a shared object's first NVTX call. A tool
// that was named there is kept in MON_NVTX_CHAIN and called as well.
void offer_nvtx_reader();

// The driver looks in CUDA_INJECTION64_PATH, when it starts. A tool that is named there
// stays: two cannot use CUPTI. One line on stderr then.
void offer_cupti_reader();

}  // namespace datamon::monitor
