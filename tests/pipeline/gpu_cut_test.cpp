// The way of a batch with a GPU backend, up to the cut by the real loader, and behind it by the
// kernels' code on the CPU: the same bits as on the CPU alone.
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "dataset.h"
#include "go_on.h"
#include "host_gpu.h"
#include "pipeline/error.h"
#include "pipeline/gpu/cut_space.h"
#include "pipeline/loader.h"
#include "pipeline/memory.h"
#include "pipeline/ops/jpeg_decoder.h"

namespace datamon::pipeline::test {
namespace {

// What one batch becomes: samples, labels, items.
struct Whole {
  std::vector<std::byte> pixels;
  std::vector<std::int32_t> labels;
  std::vector<std::uint32_t> items;
  std::vector<std::uint32_t> failed;
  friend bool operator==(const Whole&, const Whole&) = default;
};

std::vector<std::byte> padded(std::size_t bytes) {
  return std::vector<std::byte>(bytes + gpu::kReadAhead);
}

// Decodes the files of a batch into frames where the cut says; stands in for nvJPEG.
void decode_frames(const Batch& batch, std::vector<std::byte>& frames) {
  JpegDecoder decoder;
  for (std::uint32_t place = 0; place < batch.count(); ++place) {
    const gpu::CutItem& cut = batch.cuts[place];
    if (cut.kind != gpu::CutKind::file || cut.owner != place) continue;
    const auto info = decoder.open(batch.arena.subspan(cut.offset, cut.bytes));
    ASSERT_TRUE(info);
    ASSERT_EQ(info->width, cut.image_width);
    ASSERT_EQ(info->height, cut.image_height);
    const auto image = decoder.decode({0, 0, info->width, info->height});
    ASSERT_TRUE(image);
    const std::size_t row = static_cast<std::size_t>(info->width) * kChannels;
    for (int y = 0; y < info->height; ++y)
      std::memcpy(frames.data() + cut.frame_offset + static_cast<std::size_t>(y) * row,
                  image->row(y), row);
  }
}

gpu::SampleInput input_of(const gpu::CutItem& cut, const std::byte* arena,
                          const std::byte* frames) {
  const bool file = cut.kind == gpu::CutKind::file;
  gpu::SampleInput input;
  input.width = cut.box.width;
  input.height = cut.box.height;
  input.flip = cut.flip != 0;
  input.stride = std::int64_t{file ? cut.image_width : cut.box.width} * kChannels;
  input.pixels =
      reinterpret_cast<const std::uint8_t*>(file ? frames + cut.frame_offset : arena + cut.offset) +
      cut.box.y * input.stride + cut.box.x * kChannels;
  return input;
}

// The rest of the recipe for a batch at the cut.
std::vector<std::byte> behind_the_cut(const Batch& batch, const PipelineOptions& options) {
  std::vector<std::byte> arena = padded(batch.arena.size()), frames;
  std::memcpy(arena.data(), batch.arena.data(), batch.arena.size());
  frames = padded(gpu::frames_bytes(options));
  decode_frames(batch, frames);
  std::vector<gpu::SampleInput> inputs;
  for (const gpu::CutItem& cut : batch.cuts)
    inputs.push_back(input_of(cut, arena.data(), frames.data()));
  std::vector<std::byte> samples(batch.count() *
                                 sample_bytes(options.layout, options.size, options.size));
  transform_on_host(inputs,
                    gpu::output_spec(options.layout, options.size, options.size, samples.data()),
                    {64, false, {}});
  return samples;
}

std::vector<Whole> load(const Source& source, const PipelineOptions& options,
                        Loader* into = nullptr) {
  Loader own(source, options, kGoOn);
  Loader& loader = into != nullptr ? *into : own;
  std::vector<Whole> all;
  while (const auto batch = loader.next()) {
    Whole whole;
    whole.pixels = options.backend == Backend::cpu
                       ? std::vector<std::byte>(batch->pixels.begin(), batch->pixels.end())
                       : behind_the_cut(*batch, options);
    whole.labels.assign(batch->labels.begin(), batch->labels.end());
    whole.items.assign(batch->items.begin(), batch->items.end());
    for (const ItemFailure& failure : batch->failures) whole.failed.push_back(failure.item);
    all.push_back(std::move(whole));
  }
  return all;
}

PipelineOptions small_options(Backend backend) {
  PipelineOptions options;
  options.backend = backend;
  options.size = 40;
  options.batch = 7;
  options.image_pixels = 160 * 160;
  options.epochs = 2;
  return options;
}

class Cut : public testing::TestWithParam<Backend> {
 protected:
  Cut() {
    make_dataset(folder.path(), 30);
    write_file(folder.path() / "class_a" / "broken.jpg", "not a JPEG");
    source = Source::open(folder.path());
  }
  std::vector<Whole> on_cpu(PipelineOptions options) const {
    options.backend = Backend::cpu;
    return load(*source, options);
  }
  TemporaryFolder folder;
  std::unique_ptr<Source> source;
};

TEST_P(Cut, GivesTheBitsOfTheCpuInEveryLayout) {
  PipelineOptions options = small_options(GetParam());
  for (const auto layout :
       {SampleFormat::float32_nchw, SampleFormat::float16_nchw, SampleFormat::uint8_nhwc}) {
    options.layout = layout;
    const auto expected = on_cpu(options);
    ASSERT_EQ(expected.size(), 10u);
    EXPECT_TRUE(load(*source, options) == expected);
  }
}

TEST_P(Cut, DoesNotDependOnWorkers) {
  PipelineOptions options = small_options(GetParam());
  const auto expected = on_cpu(options);
  options.workers = 2;
  EXPECT_TRUE(load(*source, options) == expected);
  options.worker_kind = WorkerKind::process;
  EXPECT_TRUE(load(*source, options) == expected);
}

// With next to no room all items are resized by the CPU; with some, some are.
TEST_P(Cut, LittleRoomChangesNothing) {
  PipelineOptions options = small_options(GetParam());
  const auto expected = on_cpu(options);
  Loader enough(*source, options, kGoOn);
  load(*source, options, &enough);
  EXPECT_EQ(enough.resized_on_cpu(), 0u);
  for (const int pixels : {1, 60 * 60}) {
    options.image_pixels = pixels;
    Loader loader(*source, options, kGoOn);
    EXPECT_TRUE(load(*source, options, &loader) == expected) << pixels;
    EXPECT_GT(loader.resized_on_cpu() + loader.decoded_on_cpu(), 0u) << pixels;
  }
}

// Batches that the consumer still holds are not written to again.
TEST_P(Cut, HeldBatchesStayAsTheyAre) {
  PipelineOptions options = small_options(GetParam());
  options.workers = 2;
  options.prefetch = 1;
  const auto expected = on_cpu(options);
  Loader loader(*source, options, kGoOn);
  std::vector<Batch> held;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    held.push_back(*loader.next());
    const std::size_t oldest = i + 1 < gpu::kDeviceLanes ? 0 : i + 1 - gpu::kDeviceLanes;
    for (std::size_t k = oldest; k <= i; ++k)
      ASSERT_TRUE(behind_the_cut(held[k], options) == expected[k].pixels) << i << " " << k;
  }
}

INSTANTIATE_TEST_SUITE_P(Placements, Cut, testing::Values(Backend::hybrid, Backend::gpu),
                         [](const auto& one) { return std::string(to_string(one.param)); });

TEST(CutSpace, KeepsRoomForEveryItemsSample) {
  PipelineOptions options = small_options(Backend::gpu);
  gpu::CutSpace space(options, 7);
  const std::size_t sample = 40 * 40 * 3;
  std::uint64_t frame = 0, end = 0;
  const std::size_t arena = gpu::arena_bytes(options) - gpu::aligned_bytes(gpu::kReadAhead);
  EXPECT_FALSE(space.fits(arena - 6 * gpu::aligned_bytes(sample) + 1, 0));
  const std::size_t most = arena - 6 * gpu::aligned_bytes(sample);
  ASSERT_TRUE(space.fits(most, 0));
  EXPECT_EQ(space.take(most, 0, frame), 0u);
  for (int i = 0; i < 6; ++i) {
    ASSERT_FALSE(space.fits(sample + 200, 0));
    ASSERT_TRUE(space.fits(sample, 0));
    end = space.take(sample, 0, frame) + sample;
  }
  EXPECT_LE(end, arena);
}

TEST(DeviceMemoryPlan, CountsWhatALaneHolds) {
  PipelineOptions options;
  options.backend = Backend::gpu;
  options.layout = SampleFormat::float16_nchw;
  const gpu::LaneBytes lane = gpu::lane_bytes_for(options);
  EXPECT_GE(lane.frames, 64u * 512 * 512 * 3);
  EXPECT_GE(lane.output, 64u * 224 * 224 * 3 * 2);
  EXPECT_GE(lane.arena, 64u * 512 * 512);
  EXPECT_EQ(gpu::device_memory_for(options).device, 3 * lane.sum());
  EXPECT_GE(gpu::device_memory_for(options).pinned, memory_for(options).total);
  options.backend = Backend::hybrid;
  EXPECT_EQ(gpu::lane_bytes_for(options).frames, 0u);
  EXPECT_GE(gpu::lane_bytes_for(options).arena, 64u * 512 * 512 * 3);
}

TEST(DeviceMemoryPlan, SaysTheLargestBatchThatFits) {
  for (const Backend backend : {Backend::hybrid, Backend::gpu}) {
    PipelineOptions options;
    options.backend = backend;
    constexpr std::uint64_t kBudget = 4ull << 30;
    options.batch = largest_batch(options, kBudget);
    EXPECT_GT(options.batch, 500);
    EXPECT_LE(gpu::device_memory_for(options).device, kBudget);
    ++options.batch;
    EXPECT_GT(gpu::device_memory_for(options).device, kBudget);
    EXPECT_EQ(largest_batch(options, 1000), 0);
  }
}

}  // namespace
}  // namespace datamon::pipeline::test
