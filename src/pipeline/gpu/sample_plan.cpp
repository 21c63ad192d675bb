#include "pipeline/gpu/sample_plan.h"

#include <algorithm>
#include <cmath>

#include "pipeline/gpu/resize_block.h"

namespace datamon::pipeline::gpu {
namespace {

constexpr int kMostTileRows = 16;

int weight_capacity(int input_size, int output_size) {
  return (max_taps(input_size, output_size) + 3) / 4 * 4;
}

std::size_t axis_words(int input_size, int output_size) {
  return static_cast<std::size_t>(output_size) *
         static_cast<std::size_t>(2 + weight_capacity(input_size, output_size));
}

AxisWeights place_axis(int input_size, int output_size, std::int32_t* memory) {
  AxisWeights axis;
  axis.capacity = weight_capacity(input_size, output_size);
  axis.weights = memory;  // first, so that they stay aligned to groups of four
  axis.first = memory + std::int64_t{output_size} * axis.capacity;
  axis.count = axis.first + output_size;
  return axis;
}

// Not less than the input rows of any `tile_rows` neighbouring outputs.
std::int64_t input_rows_at_most(int height, int output_height, int tile_rows) {
  const double scale = static_cast<double>(height) / output_height;
  const double reach = (tile_rows - 1) * scale + 2 * filter_support(height, output_height);
  return std::min<std::int64_t>(height, static_cast<std::int64_t>(std::ceil(reach)) + 2);
}

std::size_t tile_bytes(const SampleInput& input, int output_width, int output_height, int rows) {
  return static_cast<std::size_t>(shared_row_bytes(output_width)) *
         static_cast<std::size_t>(input_rows_at_most(input.height, output_height, rows) + rows);
}

// The most output rows for which the rows in between fit into shared memory; 0: not even one.
int choose_tile_rows(const SampleInput& input, int output_width, int output_height,
                     std::size_t limit) {
  if (resizes_vertically_first(input.width, input.height, output_height)) return 0;
  for (int rows = kMostTileRows; rows > 0; rows /= 2) {
    if (tile_bytes(input, output_width, output_height, rows) <= limit) return rows;
  }
  return 0;
}

}  // namespace

std::size_t weight_words(int width, int height, int output_width, int output_height) {
  return axis_words(width, output_width) + axis_words(height, output_height);
}

SamplePlan plan_samples(std::span<const SampleInput> inputs, int output_width, int output_height,
                        std::int32_t* weights, std::span<SampleTask> tasks,
                        const PlanLimits& limits) {
  SamplePlan plan;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const SampleInput& input = inputs[i];
    SampleTask& task = tasks[i];
    task.pixels = input.pixels;
    task.stride = input.stride;
    task.width = input.width;
    task.height = input.height;
    task.flip = input.flip ? 1 : 0;
    task.tile_rows = choose_tile_rows(input, output_width, output_height, limits.shared_bytes);
    task.horizontal = place_axis(input.width, output_width, weights + plan.weight_words);
    plan.weight_words += axis_words(input.width, output_width);
    task.vertical = place_axis(input.height, output_height, weights + plan.weight_words);
    plan.weight_words += axis_words(input.height, output_height);
    const int rows = task.tile_rows > 0 ? task.tile_rows : kDirectRows;
    plan.tiles = std::max(plan.tiles, (output_height + rows - 1) / rows);
    if (task.tile_rows > 0) {
      plan.shared_bytes =
          std::max(plan.shared_bytes, tile_bytes(input, output_width, output_height, rows));
    }
  }
  return plan;
}

ChannelScale channel_scale(const Normalisation& normalisation, int channel) {
  const auto c = static_cast<std::size_t>(channel);
  const double inverse = 1.0 / normalisation.std[c];
  const auto high = static_cast<float>(inverse);
  return {normalisation.mean[c], high, static_cast<float>(inverse - high)};
}

OutputSpec output_spec(SampleFormat format, int width, int height, void* memory,
                       const Normalisation& normalisation) {
  OutputSpec output;
  output.memory = memory;
  output.width = width;
  output.height = height;
  output.element = format == SampleFormat::float32_nchw   ? Element::f32
                   : format == SampleFormat::float16_nchw ? Element::f16
                                                          : Element::u8;
  output.layout = format == SampleFormat::uint8_nhwc ? Layout::nhwc : Layout::nchw;
  for (int c = 0; c < kChannels; ++c) output.scale[c] = channel_scale(normalisation, c);
  return output;
}

}  // namespace datamon::pipeline::gpu
