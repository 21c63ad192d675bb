#include "pipeline/ops/resize.h"

#include <algorithm>
#include <vector>

#include "pipeline/ops/resize_kernels.h"
#include "pipeline/ops/resize_weights.h"

namespace datamon::pipeline {

struct Resizer::State {
  int output_width;
  int output_height;
  ResizeKernels kernels;
  ResizeWeights horizontal;
  ResizeWeights vertical;
  std::vector<std::uint8_t> narrowed;  // between the passes
  std::vector<std::uint8_t> output;
};

Resizer::Resizer(int output_width, int output_height, SimdLevel level)
    : state_(std::make_unique<State>(
          State{output_width, output_height, resize_kernels(level), {}, {}, {}, {}})) {}
Resizer::~Resizer() = default;
Resizer::Resizer(Resizer&&) noexcept = default;
Resizer& Resizer::operator=(Resizer&&) noexcept = default;

int Resizer::output_width() const { return state_->output_width; }
int Resizer::output_height() const { return state_->output_height; }

ImageView Resizer::resize(const ImageView& input) {
  State& state = *state_;
  const std::size_t stride = static_cast<std::size_t>(state.output_width) * kChannels;
  state.horizontal.compute(input.width, state.output_width);
  state.vertical.compute(input.height, state.output_height);
  ImageView narrowed = input;
  if (!state.horizontal.is_identity()) {
    const std::size_t bytes = stride * static_cast<std::size_t>(input.height);
    if (state.narrowed.size() < bytes) {
      state.narrowed.resize(bytes);
    }
    for (int y = 0; y < input.height; ++y) {
      state.kernels.horizontal(state.horizontal, input.row(y), state.narrowed.data() + y * stride);
    }
    narrowed = {state.narrowed.data(), state.output_width, input.height,
                static_cast<std::ptrdiff_t>(stride)};
  }
  if (state.vertical.is_identity()) {
    return narrowed;
  }
  state.output.resize(stride * static_cast<std::size_t>(state.output_height));
  for (int y = 0; y < state.output_height; ++y) {
    state.kernels.vertical(state.vertical, y, narrowed, state.output.data() + y * stride);
  }
  return {state.output.data(), state.output_width, state.output_height,
          static_cast<std::ptrdiff_t>(stride)};
}

std::size_t Resizer::memory_bytes() const {
  return state_->narrowed.size() + state_->output.size();
}

}  // namespace datamon::pipeline
