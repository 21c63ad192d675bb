// Runs the GPU operators' bodies on the CPU: the same code and index arithmetic as the kernels, one
// thread after the other.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "pipeline/gpu/sample_plan.h"

namespace datamon::pipeline::test {

struct HostRun {
  int threads = 256;       // of a block
  bool backwards = false;  // the block's threads in falling order
  gpu::PlanLimits limits;
};

// launch_weights and launch_transform. Weights and shared memory are exactly as large as the plan
// says, for the address sanitizer to see any access beyond. Returns the plan.
gpu::SamplePlan transform_on_host(std::span<const gpu::SampleInput> inputs,
                                  const gpu::OutputSpec& output, const HostRun& run = {});

// Pixels as the kernels want them: behind them kReadAhead readable bytes.
class PaddedPixels {
 public:
  explicit PaddedPixels(const ImageView& view);
  gpu::SampleInput input(bool flip) const {
    return {memory_.data(), stride_, width_, height_, flip};
  }

 private:
  std::vector<std::uint8_t> memory_;
  std::int64_t stride_;
  int width_, height_;
};

}  // namespace datamon::pipeline::test
