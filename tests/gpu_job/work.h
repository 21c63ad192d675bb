// Work for a GPU whose length can be chosen.
#pragma once

#include <cuda_runtime_api.h>

namespace datamon::test {

// Starts a kernel on every multiprocessor: each thread does `rounds` multiply-adds, one after the
// other, and leaves the result in `out` (blocks * kWorkThreads values on the device). Asynchronous;
// returns the launch's error.
constexpr int kWorkThreads = 256;
cudaError_t launch_work(float* out, int blocks, int rounds, cudaStream_t stream);

}  // namespace datamon::test
