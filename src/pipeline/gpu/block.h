// A thread block as the kernels' bodies see it: they are written once, as functions of a Block, and
// run by CUDA's threads (DeviceBlock, in kernels.cu) or one after the other on the CPU (HostBlock),
// so that machines without a GPU test the very same code and index arithmetic.
//
// A Block has:
//   parallel(f)   runs f(thread, threads) for every thread, then waits for all of them
//   shared()      memory that the block's threads share; what it holds at first is undefined
#pragma once

#include <cstddef>
#include <cstdint>

#include "pipeline/ops/host_device.h"

namespace datamon::pipeline::gpu {

// Threads in turn, forwards or backwards: a body whose threads depend on one another between two
// waits gives different results.
class HostBlock {
 public:
  HostBlock(int threads, std::uint8_t* shared, bool backwards = false)
      : threads_(threads), shared_(shared), backwards_(backwards) {}

  template <typename Body>
  void parallel(Body body) const {
    for (int i = 0; i < threads_; ++i) body(backwards_ ? threads_ - 1 - i : i, threads_);
  }
  std::uint8_t* shared() const { return shared_; }

 private:
  int threads_;
  std::uint8_t* shared_;
  bool backwards_;
};

}  // namespace datamon::pipeline::gpu
