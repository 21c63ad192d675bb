// The pipeline behind the cut as it runs on a GPU, with the CUDA runtime and nvJPEG played by the
// CPU (host_cuda.h): lanes, slots, copies, fall-backs and memory.
#include <gtest/gtest.h>

#include <cstdlib>

#include "dataset.h"
#include "go_on.h"
#include "host_cuda.h"
#include "jpeg_writer.h"
#include "pipeline/consumer.h"
#include "pipeline/error.h"
#include "pipeline/gpu/cut_space.h"
#include "pipeline/gpu/device_feed.h"
#include "pipeline/rates.h"

namespace datamon::pipeline::test {
namespace {

class GpuFeed : public testing::TestWithParam<Backend> {
 protected:
  GpuFeed() {
    setenv("DATAMON_NVJPEG", DATAMON_HOST_NVJPEG, 1);
    make_dataset(folder.path(), 45);
    options.size = 40;
    options.batch = 7;
    options.image_pixels = 160 * 160;
    options.epochs = 2;
    options.digest = true;
  }
  ~GpuFeed() override {
    unsetenv("DATAMON_NVJPEG");
    host_cuda() = {};
  }

  RunSummary run(Backend backend) {
    const auto source = Source::open(folder.path());
    PipelineOptions with = options;
    with.backend = backend;
    return run_pipeline(*source, with, kGoOn);
  }
  void expect_same(const char* what) {
    const RunSummary cpu = run(Backend::cpu), device = run(GetParam());
    EXPECT_EQ(device.digest, cpu.digest) << what;
    EXPECT_EQ(device.steps, cpu.steps) << what;
    EXPECT_EQ(device.items, cpu.items) << what;
    EXPECT_EQ(device.failed_items, cpu.failed_items) << what;
    ASSERT_TRUE(device.device);
    EXPECT_FALSE(cpu.device);
    latest = *device.device;
  }
  void add_undecodable() { write_undecodable(folder.path() / "class_b" / "cut.jpg"); }
  void add_progressive() {
    JpegKind kind;
    kind.width = 100;
    kind.height = 70;
    kind.progressive = true;
    write_file(folder.path() / "class_a" / "progressive.jpg", make_jpeg(kind));
  }

  TemporaryFolder folder;
  PipelineOptions options;
  DeviceSummary latest;
};

TEST_P(GpuFeed, GivesTheBatchesOfTheCpu) {
  for (const auto layout :
       {SampleFormat::float32_nchw, SampleFormat::float16_nchw, SampleFormat::uint8_nhwc}) {
    options.layout = layout;
    expect_same(to_string(layout));
  }
  EXPECT_EQ(latest.resized_on_cpu, 0u);
  EXPECT_EQ(latest.decoded_on_cpu, 0u);
  EXPECT_EQ(latest.decoded_on_gpu, GetParam() == Backend::gpu ? 90u : 0u);
}

TEST_P(GpuFeed, DoesNotDependOnWorkers) {
  options.workers = 2;
  expect_same("threads");
  options.prefetch = 1;
  expect_same("threads, little prefetched");
  options.new_workers = true;
  expect_same("new threads");
  options.new_workers = false;
  options.worker_kind = WorkerKind::process;
  expect_same("processes");
}

TEST_P(GpuFeed, StandsInForWhatCannotBeDecoded) {
  add_undecodable();
  add_progressive();
  write_file(folder.path() / "class_b" / "cus.jpg", "not a JPEG");  // its neighbour
  for (const int workers : {0, 2}) {
    for (const bool shuffle : {false, true}) {
      options.workers = workers;
      options.shuffle = shuffle;
      expect_same(shuffle ? "shuffled" : "in order");
      EXPECT_GE(latest.decoded_on_cpu, GetParam() == Backend::gpu ? 4u : 0u);
    }
  }
  options.on_error = OnError::fail;
  EXPECT_THROW(run(GetParam()), PipelineError);
}

// Nor gives its place away what those on the device still hold.
TEST_P(GpuFeed, ABatchWithoutAGoodImageChangesNoOther) {
  add_undecodable();
  options.batch = 1;
  options.prefetch = 1;
  for (const int workers : {0, 1, 3}) {
    options.workers = workers;
    expect_same("batches of one");
  }
}

TEST_P(GpuFeed, LittleRoomChangesNothing) {
  for (const int pixels : {1, 60 * 60}) {
    options.image_pixels = pixels;
    expect_same("little room");
    EXPECT_GT(latest.resized_on_cpu + latest.decoded_on_cpu, 0u);
  }
}

TEST_P(GpuFeed, HoldsTheMemoryThatItStatesAndNoMore) {
  const auto source = Source::open(folder.path());
  options.backend = GetParam();
  options.workers = 2;
  const auto stated = gpu::device_memory_for(options);
  {
    const auto feed = make_feed(*source, options, kGoOn);
    EXPECT_EQ(host_cuda().device_bytes, stated.device);
    EXPECT_EQ(host_cuda().pinned_bytes, stated.pinned);
    EXPECT_EQ(feed->device()->device_bytes, stated.device);
    const std::size_t allocations = host_cuda().allocations;
    while (feed->next()) {
    }
    EXPECT_EQ(host_cuda().allocations, allocations);
  }
  EXPECT_EQ(host_cuda().device_bytes, 0u);
  EXPECT_EQ(host_cuda().pinned_bytes, 0u);
}

// The same batches, and between them as little memory as what is on its way needs.
TEST_P(GpuFeed, GivesItsMemoryBackWhileItIdles) {
  const auto source = Source::open(folder.path());
  options.backend = GetParam();
  for (const int workers : {0, 2}) {
    options.workers = workers;
    const auto stated = gpu::device_memory_for(options);
    const std::size_t kept = (gpu::kDeviceLanes - 1) * gpu::lane_bytes_for(options).output;
    const auto plain = make_feed(*source, options, kGoOn);
    const auto feed = make_feed(*source, options, kGoOn);
    const std::size_t others = host_cuda().device_bytes - stated.device;
    for (int batch = 0;; ++batch) {
      const auto expected = plain->next(), got = feed->next();
      ASSERT_EQ(got.has_value(), expected.has_value());
      if (!got) break;
      EXPECT_EQ(digest_batch(*got, 0), digest_batch(*expected, 0)) << batch;
      EXPECT_EQ(host_cuda().device_bytes - others, stated.device);
      if (batch % 3 != 1) continue;
      feed->release();
      EXPECT_LE(host_cuda().device_bytes - others, workers == 0 ? 0 : kept) << batch;
      feed->release();  // nothing more to give
    }
    EXPECT_EQ(feed->device()->decoded_on_cpu, 0u);
    EXPECT_EQ(feed->device()->device_bytes, stated.device);
    feed->release();
  }
  EXPECT_EQ(host_cuda().device_bytes, 0u);
}

TEST_P(GpuFeed, TooLittleMemoryIsSaidWithTheBatchThatFits) {
  options.batch = 64;
  host_cuda().free_bytes = gpu::device_memory_for(options).device / 4;
  try {
    run(GetParam());
    FAIL();
  } catch (const PipelineError& error) {
    EXPECT_NE(std::string(error.what()).find("fits, as would a smaller --image-pixels"),
              std::string::npos)
        << error.what();
  }
}

TEST_P(GpuFeed, EndsWhenInterrupted) {
  const auto source = Source::open(folder.path());
  StopFlag stop{0};
  options.backend = GetParam();
  options.workers = 2;
  const auto feed = make_feed(*source, options, stop);
  ASSERT_TRUE(feed->next());
  stop.store(15);
  EXPECT_FALSE(feed->next());
}

TEST_P(GpuFeed, AnEpochWithoutAGoodImageIsAnError) {
  TemporaryFolder bad;
  add_undecodable();
  std::filesystem::create_directories(bad.path() / "a");
  for (int i = 0; i < 9; ++i)
    std::filesystem::copy_file(folder.path() / "class_b" / "cut.jpg",
                               bad.path() / "a" / (std::to_string(i) + ".jpg"));
  const auto source = Source::open(bad.path());
  options.backend = GetParam();
  options.epochs = 0;
  options.seconds = 60;
  EXPECT_THROW(run_pipeline(*source, options, kGoOn), PipelineError);
}

INSTANTIATE_TEST_SUITE_P(Placements, GpuFeed, testing::Values(Backend::hybrid, Backend::gpu),
                         [](const auto& one) { return std::string(to_string(one.param)); });

// The device's times are the CPU's here: only what they are made of is shown.
TEST_F(GpuFeed, RatesOfAllPlacementsAreMeasured) {
  const auto source = Source::open(folder.path());
  options.workers = 1;
  options.batch = 4;
  options.size = 16;
  const MeasuredRates rates = measure_rates(*source, options, 1.5, kGoOn);
  for (const Backend backend : kPlacements) {
    ASSERT_TRUE(rates.of(backend)) << rates.why_not[static_cast<std::size_t>(backend)];
    const PlacementRate& rate = *rates.of(backend);
    EXPECT_GT(rate.images, 0u);
    EXPECT_GT(rate.images_per_s, 0);
    EXPECT_GT(rate.worker_cpu_us, 0);
    EXPECT_EQ(rate.device_us > 0, backend != Backend::cpu);
    EXPECT_GE(rate.copy_us, 0);
  }
  EXPECT_EQ(rates.device, "the CPU in a GPU's place");
  EXPECT_NE(rates.decoder, "");
  // Workers only read where the device decodes.
  EXPECT_LT(rates.of(Backend::gpu)->worker_cpu_us, rates.of(Backend::cpu)->worker_cpu_us);
}

TEST_F(GpuFeed, APlacementThatCannotRunIsNotMeasured) {
  setenv("DATAMON_NVJPEG", "/nowhere/libnvjpeg.so", 1);
  const auto source = Source::open(folder.path());
  options.workers = 1;
  options.batch = 4;
  options.size = 16;
  const MeasuredRates rates = measure_rates(*source, options, 1, kGoOn);
  EXPECT_TRUE(rates.of(Backend::hybrid));
  EXPECT_FALSE(rates.of(Backend::gpu));
  const std::string& why = rates.why_not[static_cast<std::size_t>(Backend::gpu)];
  EXPECT_NE(why.find("nvJPEG"), std::string::npos) << why;
  EXPECT_EQ(why.find("--backend gpu: "), std::string::npos) << why;
}

// No frame may be in use by what a stream still has to do when the next one's pixels come.
TEST_F(GpuFeed, AnEngineThatDoesNotWaitForTheStreamChangesNothing) {
  setenv("HOST_NVJPEG_ENGINE", "1", 1);
  add_progressive();
  add_undecodable();
  for (const int workers : {0, 2}) {
    options.workers = workers;
    const RunSummary device = run(Backend::gpu);
    EXPECT_EQ(device.digest, run(Backend::cpu).digest);
    EXPECT_EQ(device.device->decoder, "nvJPEG 13.0, 1 hardware engine");
    EXPECT_GT(device.device->decoded_on_gpu, 0u);
  }
  unsetenv("HOST_NVJPEG_ENGINE");
}

TEST_F(GpuFeed, WithoutNvjpegOnlyGpuIsRefused) {
  setenv("DATAMON_NVJPEG", "/nowhere/libnvjpeg.so", 1);
  EXPECT_THROW(run(Backend::gpu), PipelineError);
  EXPECT_EQ(run(Backend::hybrid).digest, run(Backend::cpu).digest);
}

TEST_F(GpuFeed, NewWorkerProcessesAreRefused) {
  options.workers = 1;
  options.worker_kind = WorkerKind::process;
  options.new_workers = true;
  EXPECT_THROW(run(Backend::hybrid), PipelineError);
}

}  // namespace
}  // namespace datamon::pipeline::test
