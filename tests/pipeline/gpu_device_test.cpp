// On a real GPU: the kernels and the pipeline give what the same code gives on the CPU. Without one
// every test is skipped and says so.
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <numeric>
#include <string>

#include "dataset.h"
#include "go_on.h"
#include "host_gpu.h"
#include "ops_images.h"
#include "pipeline/consumer.h"
#include "pipeline/gpu/cut_space.h"
#include "pipeline/gpu/device.h"
#include "pipeline/gpu/device_feed.h"
#include "pipeline/gpu/kernels.h"
#include "pipeline/gpu/nvjpeg_api.h"

namespace datamon::pipeline::test {
namespace {

using namespace gpu;

// A copy of host bytes on the device.
class OnDevice {
 public:
  OnDevice(const void* bytes, std::size_t count) : buffer_(count) {
    check(cudaMemcpy(buffer_.data(), bytes, count, cudaMemcpyHostToDevice), "copy");
  }
  template <typename T>
  T* data() const {
    return buffer_.data<T>();
  }

 private:
  DeviceBuffer buffer_;
};

template <typename T>
std::vector<T> to_host(const DeviceBuffer& buffer) {
  std::vector<T> host(buffer.bytes() / sizeof(T));
  check(cudaMemcpy(host.data(), buffer.data(), host.size() * sizeof(T), cudaMemcpyDeviceToHost),
        "copy back");
  return host;
}

class Device : public testing::Test {
 protected:
  void SetUp() override {
    int devices = 0;
    const cudaError_t error = cudaGetDeviceCount(&devices);
    if (error != cudaSuccess || devices == 0)
      GTEST_SKIP() << "no GPU: " << cudaGetErrorString(error);
  }
};

struct Source2D {
  std::vector<std::uint8_t> pixels;
  int width, height;
  bool flip;
};

std::vector<Source2D> pictures() {
  std::vector<Source2D> all;
  unsigned seed = 1;
  for (const auto& [w, h] : {std::pair{1, 1},
                             {1, 2},
                             {3, 5},
                             {250, 2},
                             {2, 900},
                             {97, 201},
                             {224, 224},
                             {500, 375},
                             {375, 500},
                             {1023, 40},
                             {3001, 2003},
                             {30, 5000},
                             {6000, 60},
                             {37, 53}}) {
    all.push_back({make_picture(w, h, kChannels, seed), w, h, seed % 2 == 0});
    all.back().pixels.resize(all.back().pixels.size() + kReadAhead);
    ++seed;
  }
  return all;
}

// The batch on the device and, by the same code, on the host; `compare` gets both.
template <typename Compare>
void transform_both(OutputSpec spec, const PlanLimits& limits, Compare compare) {
  const auto sources = pictures();
  std::vector<OnDevice> images;
  std::vector<SampleInput> here, there;
  std::size_t words = 0;
  for (const Source2D& source : sources) {
    images.emplace_back(source.pixels.data(), source.pixels.size());
    const SampleInput input{source.pixels.data(), std::int64_t{source.width} * kChannels,
                            source.width, source.height, source.flip};
    here.push_back(input);
    there.push_back(input);
    there.back().pixels = images.back().data<std::uint8_t>();
    words += weight_words(source.width, source.height, spec.width, spec.height);
  }
  const std::size_t bytes = static_cast<std::size_t>(spec.sample_elements()) * sources.size() *
                            element_bytes(spec.element);
  std::vector<std::byte> expected(bytes);
  spec.memory = expected.data();
  transform_on_host(here, spec, {256, false, limits});

  DeviceBuffer weights(words * sizeof(std::int32_t)), output(bytes);
  std::vector<SampleTask> tasks(sources.size());
  const SamplePlan plan =
      plan_samples(there, spec.width, spec.height, weights.data<std::int32_t>(), tasks, limits);
  const OnDevice device_tasks(tasks.data(), tasks.size() * sizeof(SampleTask));
  DeviceStream stream;
  spec.memory = output.data();
  const int samples = static_cast<int>(sources.size());
  check(launch_weights(device_tasks.data<SampleTask>(), samples, spec.width, spec.height,
                       stream.get()),
        "start a kernel");
  check(launch_transform(device_tasks.data<SampleTask>(), samples, plan, spec, stream.get()),
        "start a kernel");
  check(cudaStreamSynchronize(stream.get()), "work");
  compare(expected, to_host<std::byte>(output));
}

void expect_bits_of_the_host(Element element, Layout layout, std::size_t shared, int w, int h) {
  OutputSpec spec = output_spec(SampleFormat::float32_nchw, w, h, nullptr);
  spec.element = element;
  spec.layout = layout;
  transform_both(spec, {shared}, [&](const auto& expected, const auto& got) {
    EXPECT_TRUE(expected == got) << w << "x" << h << " element " << static_cast<int>(element)
                                 << " shared " << shared;
  });
}

// The ways through the kernel, and the ways to store a pixel; not each with each, for the host
// takes seconds for some of them.
TEST_F(Device, FusedKernelGivesTheBitsOfTheHost) {
  for (const std::size_t shared : {std::size_t{0}, std::size_t{4000}, kSharedLimit_bytes})
    for (const auto& [w, h] : {std::pair{224, 224}, {37, 53}, {1, 1}})
      expect_bits_of_the_host(Element::f16, Layout::nchw, shared, w, h);
  for (const auto element : {Element::u8, Element::f16, Element::f32})
    for (const auto layout : {Layout::nchw, Layout::nhwc})
      expect_bits_of_the_host(element, layout, kSharedLimit_bytes, 97, 131);
}

TEST_F(Device, SingleOperatorsGiveWhatTheFusedOneGives) {
  constexpr int kSize = 61, kSamples = 14;
  constexpr std::size_t kValues = std::size_t{kSize} * kSize * kSamples * kChannels;
  OutputSpec fused = output_spec(SampleFormat::float16_nchw, kSize, kSize, nullptr);
  OutputSpec resized = output_spec(SampleFormat::uint8_nhwc, kSize, kSize, nullptr);
  std::vector<std::byte> expected, unflipped;
  transform_both(fused, {}, [&](const auto& host, const auto&) { expected = host; });
  const auto sources = pictures();
  ASSERT_EQ(sources.size(), std::size_t{kSamples});
  std::vector<std::uint8_t> flags;
  for (const Source2D& source : sources) flags.push_back(source.flip);
  // The resize operator's result, not mirrored, is the fused u8 one mirrored back.
  transform_both(resized, {}, [&](const auto&, const auto& device) { unflipped = device; });
  const OnDevice device_flags(flags.data(), flags.size());
  const OnDevice mirrored(unflipped.data(), unflipped.size());
  DeviceBuffer straight(kValues), again(kValues), normal(kValues * 4), out(kValues * 2);
  DeviceStream stream;
  FlipWork flip{mirrored.data<std::uint8_t>(),
                straight.data<std::uint8_t>(),
                device_flags.data<std::uint8_t>(),
                kSamples,
                kSize,
                kSize};
  check(launch_flip(flip, stream.get()), "start a kernel");
  flip.in = straight.data<std::uint8_t>();
  flip.out = again.data<std::uint8_t>();
  check(launch_flip(flip, stream.get()), "start a kernel");
  NormaliseWork normalise{again.data<std::uint8_t>(),
                          normal.data<float>(),
                          kValues / kChannels,
                          {fused.scale[0], fused.scale[1], fused.scale[2]}};
  check(launch_normalise(normalise, stream.get()), "start a kernel");
  fused.memory = out.data();
  check(launch_reformat({normal.data<float>(), kSamples, fused}, stream.get()), "start a kernel");
  check(cudaStreamSynchronize(stream.get()), "work");
  EXPECT_TRUE(to_host<std::byte>(again) == unflipped);
  EXPECT_TRUE(to_host<std::byte>(out) == expected);
}

// Of each image, what its values differ by on average.
std::vector<double> differences(const Batch& a, const Batch& b) {
  std::vector<double> of_images;
  const std::size_t each = a.pixels.size() / a.count();
  for (std::size_t image = 0; image < a.count(); ++image) {
    double sum = 0;
    for (std::size_t i = image * each; i < (image + 1) * each; ++i)
      sum += std::abs(std::to_integer<int>(a.pixels[i]) - std::to_integer<int>(b.pixels[i]));
    of_images.push_back(sum / static_cast<double>(each));
  }
  return of_images;
}

class DevicePipeline : public Device {
 protected:
  DevicePipeline() {
    make_dataset(folder.path(), 40);
    write_file(folder.path() / "class_b" / "broken.jpg", "not a JPEG");
    source = Source::open(folder.path());
    options.size = 64;
    options.batch = 8;
    options.workers = 2;
    options.epochs = 3;
    options.digest = true;
  }
  RunSummary run(Backend backend) {
    options.backend = backend;
    return run_pipeline(*source, options, kGoOn);
  }
  // What nvJPEG's pixels differ by from the CPU's, of each image that both have.
  std::vector<double> decode_on_both() {
    options.layout = SampleFormat::uint8_nhwc;
    PipelineOptions on_gpu = options;
    on_gpu.backend = Backend::gpu;
    const auto cpu = make_feed(*source, options, kGoOn), device = make_feed(*source, on_gpu, kGoOn);
    std::vector<double> of_images;
    while (const auto expected = cpu->next()) {
      const auto got = device->next();
      if (!got || got->count() != expected->count()) {
        ADD_FAILURE() << "batch " << expected->number << " is not the CPU's";
        return of_images;
      }
      const std::vector<double> all = differences(*expected, *got);
      for (std::size_t i = 0; i < all.size(); ++i)  // else decoded by one alone
        if (got->items[i] == expected->items[i]) of_images.push_back(all[i]);
    }
    EXPECT_FALSE(device->next());
    EXPECT_GT(device->device()->decoded_on_gpu, 0u);
    std::printf("%llu decoded by %s, %llu by the CPU; failed: %llu, on the CPU %llu\n",
                static_cast<unsigned long long>(device->device()->decoded_on_gpu),
                device->device()->decoder.c_str(),
                static_cast<unsigned long long>(device->device()->decoded_on_cpu),
                static_cast<unsigned long long>(device->failed_items()),
                static_cast<unsigned long long>(cpu->failed_items()));
    return of_images;
  }
  TemporaryFolder folder;
  std::unique_ptr<Source> source;
  PipelineOptions options;
};

TEST_F(DevicePipeline, HybridGivesTheBatchesOfTheCpu) {
  for (const auto layout :
       {SampleFormat::float32_nchw, SampleFormat::float16_nchw, SampleFormat::uint8_nhwc}) {
    options.layout = layout;
    const RunSummary cpu = run(Backend::cpu), hybrid = run(Backend::hybrid);
    EXPECT_EQ(hybrid.digest, cpu.digest);
    EXPECT_EQ(hybrid.steps, cpu.steps);
    EXPECT_EQ(hybrid.failed_items, cpu.failed_items);
    ASSERT_TRUE(hybrid.device);
    EXPECT_GT(hybrid.device->transform_s, 0);
    EXPECT_GT(hybrid.device->copied_bytes, 0u);
  }
}

// The decoders differ: the same pictures, not the same bits. Of this data set libjpeg's own pixels
// differ by 0.03 on average (0.06 of one image) with another DCT, and by 1.4 (4.5) if it repeats
// chroma instead of interpolating it, which an engine may do whatever it is asked; two pictures
// differ by 5.8 at least. How much it is becomes a figure of its own.
TEST_F(DevicePipeline, GpuDecodingGivesTheSamePictures) {
  if (!nvjpeg::load().found) GTEST_SKIP() << nvjpeg::load().error;
  const std::vector<double> of_images = decode_on_both();
  EXPECT_EQ(of_images.size(), 3u * 41u);
  EXPECT_LT(*std::max_element(of_images.begin(), of_images.end()), 5.5);
  const double sum = std::accumulate(of_images.begin(), of_images.end(), 0.0);
  RecordProperty("decoded_difference", std::to_string(sum / static_cast<double>(of_images.size())));
}

// As large as photographs, and many at a time: what an engine takes that does not take small ones.
TEST_F(DevicePipeline, GpuDecodingOfPhotographsGivesTheSamePictures) {
  if (!nvjpeg::load().found) GTEST_SKIP() << nvjpeg::load().error;
  TemporaryFolder photographs;
  make_dataset(photographs.path(), 130, 4);
  source = Source::open(photographs.path());
  options.batch = 64;
  options.size = 224;
  options.image_pixels = 640 * 640;
  options.epochs = 1;
  const std::vector<double> of_images = decode_on_both();
  EXPECT_EQ(of_images.size(), 130u);
  EXPECT_LT(*std::max_element(of_images.begin(), of_images.end()), 5.5);
}

// What nvJPEG makes of a file whose image is missing is not known before: it may refuse it, and
// with it all of its batch, or decode what is there. Either way the others are what they are
// without it.
TEST_F(DevicePipeline, ADamagedFileHarmsNoOther) {
  if (!nvjpeg::load().found) GTEST_SKIP() << nvjpeg::load().error;
  write_undecodable(folder.path() / "class_c" / "cut.jpg");
  source = Source::open(folder.path());
  const std::vector<double> of_images = decode_on_both();
  EXPECT_GE(of_images.size(), 3u * 40u);
  EXPECT_LT(*std::max_element(of_images.begin(), of_images.end()), 5.5);
}

TEST_F(DevicePipeline, TakesTheMemoryThatItStates) {
  options.backend = Backend::hybrid;
  options.batch = 64;
  check(cudaFree(nullptr), "start");
  std::size_t before = 0, after = 0, all = 0;
  check(cudaMemGetInfo(&before, &all), "say");
  const auto feed = make_feed(*source, options, kGoOn);
  check(cudaMemGetInfo(&after, &all), "say");
  const auto stated = static_cast<double>(device_memory_for(options).device);
  // The allocator rounds up to 2 MiB a buffer.
  EXPECT_GE(static_cast<double>(before - after), stated);
  EXPECT_LE(static_cast<double>(before - after), stated + 3 * 5 * 0x1p21);
}

TEST_F(DevicePipeline, GivesItsMemoryBackWhileItIdles) {
  options.backend = Backend::hybrid;
  options.batch = 64;
  options.workers = 0;
  const auto feed = make_feed(*source, options, kGoOn);
  ASSERT_TRUE(feed->next());
  const auto free_bytes = [] {
    std::size_t free = 0, all = 0;
    check(cudaMemGetInfo(&free, &all), "say");
    return static_cast<double>(free);
  };
  const double before = free_bytes();
  feed->release();
  // The allocator may keep a block of small pieces.
  EXPECT_GE(free_bytes() - before, static_cast<double>(device_memory_for(options).device) - 0x1p23);
  EXPECT_TRUE(feed->next());
  EXPECT_NEAR(free_bytes(), before, 0x1p23);
}

TEST_F(DevicePipeline, ABatchThatIsTooLargeIsRefusedWithOneThatFits) {
  options.backend = Backend::hybrid;
  options.batch = kMaxBatch;
  options.image_pixels = 1 << 20;
  options.workers = 0;
  EXPECT_THROW(make_feed(*source, options, kGoOn), std::runtime_error);
}

}  // namespace
}  // namespace datamon::pipeline::test
