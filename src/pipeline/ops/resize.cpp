#include "pipeline/ops/resize.h"

#include "pipeline/ops/aligned_buffer.h"
#include "pipeline/ops/resize_kernels.h"
#include "pipeline/ops/resize_weights.h"

namespace datamon::pipeline {
namespace {

struct Axis {
  ResizeWeights weights;
  PackedWeights packed;

  void prepare(int input_size, int output_size,
               void (*pack)(const ResizeWeights&, PackedWeights&)) {
    if (input_size != weights.input_size() || output_size != weights.output_size()) {
      weights.compute(input_size, output_size);
      pack(weights, packed);
    }
  }
};

}  // namespace

struct Resizer::State {
  // The rows of one pass: an image in memory of its own.
  struct Rows {
    AlignedBuffer memory;
    ImageView view;

    std::uint8_t* prepare(int width, int height) {
      const std::ptrdiff_t stride = padded_row_bytes(width);
      std::uint8_t* data = memory.reserve(static_cast<std::size_t>(stride * height));
      view = {data, width, height, stride};
      return data;
    }
  };

  ImageView horizontal_pass(const ImageView& input);
  ImageView vertical_pass(const ImageView& input);
  void resize_row(const ImageView& input, int y, std::uint8_t* out) {
    kernels.vertical(vertical.weights, vertical.packed, y, input, out);
  }

  int output_width;
  int output_height;
  ResizeKernels kernels;
  Axis horizontal;
  Axis vertical;
  Rows narrowed;
  Rows shortened;
  Rows row;
  ImageView remaining;    // what begin() has left for output_row()
  bool finished = false;  // nothing: `remaining` is the result
};

ImageView Resizer::State::horizontal_pass(const ImageView& input) {
  if (horizontal.weights.is_identity()) {
    return input;
  }
  std::uint8_t* out = narrowed.prepare(output_width, input.height);
  kernels.horizontal(horizontal.weights, horizontal.packed, input, out);
  return narrowed.view;
}

ImageView Resizer::State::vertical_pass(const ImageView& input) {
  if (vertical.weights.is_identity()) {
    return input;
  }
  std::uint8_t* out = shortened.prepare(input.width, output_height);
  for (int y = 0; y < output_height; ++y) {
    resize_row(input, y, out + y * shortened.view.stride);
  }
  return shortened.view;
}

Resizer::Resizer(int output_width, int output_height, SimdLevel level)
    : state_(std::make_unique<State>()) {
  state_->output_width = output_width;
  state_->output_height = output_height;
  state_->kernels = resize_kernels(level);
  state_->row.prepare(output_width, 1);
}
Resizer::~Resizer() = default;
Resizer::Resizer(Resizer&&) noexcept = default;
Resizer& Resizer::operator=(Resizer&&) noexcept = default;

int Resizer::output_width() const { return state_->output_width; }
int Resizer::output_height() const { return state_->output_height; }

void Resizer::begin(const ImageView& input) {
  State& state = *state_;
  state.horizontal.prepare(input.width, state.output_width, state.kernels.pack_horizontal);
  state.vertical.prepare(input.height, state.output_height, state.kernels.pack_vertical);
  if (resizes_vertically_first(input.width, input.height, state.output_height)) {
    state.remaining = state.horizontal_pass(state.vertical_pass(input));
    state.finished = true;
  } else {
    state.remaining = state.horizontal_pass(input);
    state.finished = state.vertical.weights.is_identity();
  }
}

const std::uint8_t* Resizer::output_row(int y) {
  State& state = *state_;
  if (state.finished) {
    return state.remaining.row(y);
  }
  state.resize_row(state.remaining, y, state.row.memory.data());
  return state.row.view.data;
}

ImageView Resizer::resize(const ImageView& input) {
  begin(input);
  return state_->finished ? state_->remaining : state_->vertical_pass(state_->remaining);
}

std::size_t Resizer::memory_bytes() const {
  const State& state = *state_;
  std::size_t sum = 0;
  for (const AlignedBuffer* buffer :
       {&state.narrowed.memory, &state.shortened.memory, &state.row.memory,
        &state.horizontal.packed.memory, &state.vertical.packed.memory}) {
    sum += buffer->capacity_bytes();
  }
  return sum;
}

}  // namespace datamon::pipeline
