// The CUDA runtime's functions that the pipeline calls, on the CPU, for machines without a GPU: an
// executable that links host_cuda.cpp gets these instead of the real ones. Device memory is host
// memory, the operators are the kernels' bodies, and a stream is a list of work that is not begun
// before somebody waits for it: as late as CUDA ever may. Memory that is used again too early, or
// read without a wait, gives wrong results.
//
// Thread-safety: one thread. This shows that the pipeline's logic is right, not that a GPU would do
// the same: for that there is gpu_device_test.
#pragma once

#include <cstddef>
#include <functional>

struct CUstream_st;

namespace datamon::pipeline::test {

// Puts work behind what the stream has to do.
void enqueue(CUstream_st* stream, std::function<void()> work);

struct HostCuda {
  std::size_t device_bytes = 0;  // allocated now
  std::size_t pinned_bytes = 0;
  std::size_t allocations = 0;                    // of both, ever
  std::size_t free_bytes = std::size_t{8} << 30;  // what cudaMemGetInfo says
};
HostCuda& host_cuda();

}  // namespace datamon::pipeline::test

// For host_nvjpeg.cpp, which is a library of its own.
extern "C" void datamon_test_enqueue(CUstream_st* stream, void (*work)(void*), void* argument);
