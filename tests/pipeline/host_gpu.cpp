#include "host_gpu.h"

#include <cstring>

#include "pipeline/gpu/block.h"
#include "pipeline/gpu/resize_block.h"

namespace datamon::pipeline::test {
namespace {

using namespace gpu;

std::size_t words_for(std::span<const SampleInput> inputs, const OutputSpec& output) {
  std::size_t words = 0;
  for (const SampleInput& input : inputs)
    words += weight_words(input.width, input.height, output.width, output.height);
  return words;
}

}  // namespace

SamplePlan transform_on_host(std::span<const SampleInput> inputs, const OutputSpec& output,
                             const HostRun& run) {
  std::vector<std::int32_t> weights(words_for(inputs, output), 0x5a5a5a5a);
  std::vector<SampleTask> tasks(inputs.size());
  const SamplePlan plan =
      plan_samples(inputs, output.width, output.height, weights.data(), tasks, run.limits);
  std::vector<std::uint32_t> shared(plan.shared_bytes / 4 + 1, 0xa5a5a5a5);
  const HostBlock block(run.threads, reinterpret_cast<std::uint8_t*>(shared.data()), run.backwards);
  for (const SampleTask& task : tasks) {
    make_weights(block, task.horizontal, task.width, output.width);
    make_weights(block, task.vertical, task.height, output.height);
  }
  for (std::size_t sample = 0; sample < tasks.size(); ++sample) {
    for (int tile = 0; tile < plan.tiles; ++tile)
      transform_tile(block, tasks[sample], static_cast<int>(sample), tile, output);
  }
  return plan;
}

PaddedPixels::PaddedPixels(const ImageView& view)
    : memory_(static_cast<std::size_t>(view.width) * view.height * kChannels + kReadAhead),
      stride_(std::int64_t{view.width} * kChannels),
      width_(view.width),
      height_(view.height) {
  for (int y = 0; y < height_; ++y)
    std::memcpy(memory_.data() + y * stride_, view.row(y), static_cast<std::size_t>(stride_));
}

}  // namespace datamon::pipeline::test
