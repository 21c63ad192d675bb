// The GPU operators' bodies, run on the CPU, against the CPU's operators: the same bits, whatever
// the sizes, the shared memory and the order of threads.
#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <vector>

#include "host_gpu.h"
#include "ops_images.h"
#include "pipeline/gpu/block.h"
#include "pipeline/gpu/elementwise_block.h"
#include "pipeline/gpu/resize_block.h"
#include "pipeline/ops/resize.h"

namespace datamon::pipeline::test {
namespace {

using namespace gpu;

struct Picture {
  Picture(int w, int h, unsigned seed)
      : pixels(make_picture(w, h, kChannels, seed)),
        view{pixels.data(), w, h, std::ptrdiff_t{w} * kChannels} {}
  std::vector<std::uint8_t> pixels;
  ImageView view;
};

// What the CPU's operators make of it.
std::vector<std::byte> on_cpu(const ImageView& image, int width, int height, bool flip,
                              SampleFormat format, const Normalisation& normalisation = {}) {
  Resizer resizer(width, height, SimdLevel::scalar);
  std::vector<std::byte> sample(sample_bytes(format, width, height));
  Normaliser(normalisation, SimdLevel::scalar)
      .write(resizer.resize(image), flip, format, sample.data());
  return sample;
}

void expect_same(const Picture& picture, int width, int height, SampleFormat format,
                 const HostRun& run) {
  for (const bool flip : {false, true}) {
    const auto expected = on_cpu(picture.view, width, height, flip, format);
    std::vector<std::byte> got(expected.size());
    const PaddedPixels padded(picture.view);
    const SampleInput input = padded.input(flip);
    transform_on_host({&input, 1}, output_spec(format, width, height, got.data()), run);
    EXPECT_TRUE(got == expected) << picture.view.width << "x" << picture.view.height << " -> "
                                 << width << "x" << height << " flip " << flip << " format "
                                 << static_cast<int>(format) << " shared "
                                 << run.limits.shared_bytes;
  }
}

struct Shape {
  int width, height;
};
constexpr Shape kShapes[] = {{1, 1},     {1, 2},     {2, 1},   {3, 5},    {17, 1},    {1, 250},
                             {250, 2},   {31, 33},   {64, 64}, {97, 201}, {223, 225}, {224, 224},
                             {375, 500}, {500, 375}, {3, 301}, {301, 3},  {2, 900},   {1023, 40}};
constexpr SampleFormat kFormats[] = {SampleFormat::float32_nchw, SampleFormat::float16_nchw,
                                     SampleFormat::uint8_nhwc};

TEST(GpuKernels, GiveTheBitsOfTheCpu) {
  unsigned seed = 1;
  for (const Shape shape : kShapes) {
    const Picture picture(shape.width, shape.height, seed++);
    for (const Shape size : {Shape{64, 64}, Shape{37, 53}, Shape{1, 1}, Shape{2, 90}})
      for (const SampleFormat format : kFormats)
        expect_same(picture, size.width, size.height, format, {});
  }
}

TEST(GpuKernels, GiveTheBitsOfTheCpuAtTheUsualSize) {
  for (const Shape shape : {Shape{500, 375}, Shape{160, 213}, Shape{224, 224}, Shape{900, 700}})
    for (const SampleFormat format : kFormats)
      expect_same(Picture(shape.width, shape.height, 5), 224, 224, format, {224, false, {}});
}

TEST(GpuKernels, AreTheSameWithLittleSharedMemoryAndWithNone) {
  for (const std::size_t limit : {std::size_t{0}, std::size_t{1000}, std::size_t{4000}}) {
    for (const Shape shape : {Shape{97, 201}, Shape{200, 301}, Shape{1, 1}, Shape{20, 31}})
      expect_same(Picture(shape.width, shape.height, 3), 37, 53, SampleFormat::float32_nchw,
                  {64, false, {limit}});
  }
}

TEST(GpuKernels, DoNotDependOnTheOrderOrNumberOfThreads) {
  for (const int threads : {1, 7, 32, 1024})
    for (const bool backwards : {false, true})
      expect_same(Picture(211, 160, 4), 61, 64, SampleFormat::uint8_nhwc, {threads, backwards, {}});
}

TEST(GpuKernels, TakeHugeImages) {
  const Picture wide(6000, 60, 7), tall(30, 5000, 8), large(3001, 2003, 9);
  expect_same(wide, 40, 24, SampleFormat::uint8_nhwc, {});
  expect_same(tall, 40, 24, SampleFormat::uint8_nhwc, {});  // columns first, as Pillow does
  expect_same(large, 64, 48, SampleFormat::uint8_nhwc, {});
  expect_same(Picture(40, 50, 10), 1200, 900, SampleFormat::uint8_nhwc, {});
}

TEST(GpuKernels, PlanWithoutSharedMemoryWhereNotOneRowFits) {
  SampleTask task;
  const auto tile_rows = [&](int width, int height, int out_width, int out_height) {
    const SampleInput input{nullptr, 0, width, height, false};
    std::vector<std::int32_t> weights(weight_words(width, height, out_width, out_height));
    plan_samples({&input, 1}, out_width, out_height, weights.data(), {&task, 1});
    return task.tile_rows;
  };
  EXPECT_EQ(tile_rows(500, 375, 224, 224), 16);
  EXPECT_LT(tile_rows(2000, 2000, 224, 224), 16);
  EXPECT_GT(tile_rows(2000, 2000, 224, 224), 0);
  EXPECT_EQ(tile_rows(20000, 20000, 224, 224), 0);
  EXPECT_EQ(tile_rows(100, 20000, 224, 224), 0);
}

// A crop inside a larger frame, at every alignment of its first byte, beside other samples.
TEST(GpuKernels, ReadACropOfAFrame) {
  const Picture frame(150, 120, 11);
  const PaddedPixels padded(frame.view);
  std::vector<SampleInput> inputs;
  std::vector<std::byte> expected;
  for (int i = 0; i < 24; ++i) {
    const CropBox box{i, 2 * i, 100 - 3 * i, 70 - 2 * i};
    SampleInput input = padded.input(i % 3 == 0);
    input.pixels += box.y * input.stride + box.x * kChannels;
    input.width = box.width;
    input.height = box.height;
    inputs.push_back(input);
    const ImageView crop{input.pixels, box.width, box.height, input.stride};
    const auto sample = on_cpu(crop, 48, 40, input.flip, SampleFormat::float16_nchw);
    expected.insert(expected.end(), sample.begin(), sample.end());
  }
  std::vector<std::byte> got(expected.size());
  transform_on_host(inputs, output_spec(SampleFormat::float16_nchw, 48, 40, got.data()));
  EXPECT_TRUE(got == expected);
}

// Means and deviations for which the formula may miss the exact quotient by a bit.
TEST(GpuKernels, NormaliseWithinTheTolerance) {
  const Normalisation odd{{0.1F, 0.7F, 0.3333F}, {0.9F, 0.0123F, 1.7F}};
  const Picture picture(90, 80, 12);
  const auto expected = on_cpu(picture.view, 64, 64, false, SampleFormat::float32_nchw, odd);
  std::vector<std::byte> got(expected.size());
  const PaddedPixels padded(picture.view);
  const SampleInput input = padded.input(false);
  transform_on_host({&input, 1}, output_spec(SampleFormat::float32_nchw, 64, 64, got.data(), odd));
  const auto* a = reinterpret_cast<const float*>(expected.data());
  const auto* b = reinterpret_cast<const float*>(got.data());
  for (std::size_t i = 0; i < expected.size() / sizeof(float); ++i) ASSERT_NEAR(a[i], b[i], 1e-4F);
}

// Crop-resize, flip, normalise, reformat one after the other, and the two layouts that only the GPU
// has (f32 and f16 interleaved, u8 in planes).
class Operators : public testing::Test {
 protected:
  static constexpr int kWidth = 33, kHeight = 21, kSamples = 3;
  static constexpr std::size_t kPixels = std::size_t{kWidth} * kHeight * kSamples;

  Operators() {
    for (int i = 0; i < kSamples; ++i) {
      pictures.emplace_back(50 + 9 * i, 40 + 31 * i, static_cast<unsigned>(i));
      padded.emplace_back(pictures.back().view);
      flags.push_back(i % 2 == 0);
    }
  }
  std::vector<SampleInput> inputs(bool with_flips) const {
    std::vector<SampleInput> all;
    for (std::size_t i = 0; i < padded.size(); ++i)
      all.push_back(padded[i].input(with_flips && flags[i] != 0));
    return all;
  }
  OutputSpec spec(Element element, Layout layout, void* memory) const {
    OutputSpec output = output_spec(SampleFormat::float32_nchw, kWidth, kHeight, memory);
    output.element = element;
    output.layout = layout;
    return output;
  }

  std::vector<Picture> pictures;
  std::vector<PaddedPixels> padded;
  std::vector<std::uint8_t> flags;
};

TEST_F(Operators, OneAfterTheOtherGiveWhatTheFusedOneGives) {
  std::vector<std::uint8_t> resized(kPixels * kChannels), mirrored(resized.size());
  transform_on_host(inputs(false), spec(Element::u8, Layout::nhwc, resized.data()));
  std::uint8_t none[1];
  const HostBlock block(64, none);
  constexpr int kBlocks = 3;
  std::vector<float> normal(resized.size());
  NormaliseWork work{mirrored.data(), normal.data(), kPixels, {}};
  for (int c = 0; c < kChannels; ++c) work.scale[c] = channel_scale({}, c);
  for (int b = 0; b < kBlocks; ++b)
    flip_pixels(block, b, kBlocks,
                {resized.data(), mirrored.data(), flags.data(), kSamples, kWidth, kHeight});
  for (int b = 0; b < kBlocks; ++b) normalise_pixels(block, b, kBlocks, work);
  for (const Layout layout : {Layout::nchw, Layout::nhwc}) {
    for (const Element element : {Element::f32, Element::f16}) {
      std::vector<std::byte> chain(resized.size() * element_bytes(element)), fused(chain.size());
      for (int b = 0; b < kBlocks; ++b)
        reformat_pixels(block, b, kBlocks,
                        {normal.data(), kSamples, spec(element, layout, chain.data())});
      transform_on_host(inputs(true), spec(element, layout, fused.data()));
      EXPECT_TRUE(chain == fused);
    }
  }
  std::vector<std::uint8_t> fused(resized.size()), planes(resized.size());
  transform_on_host(inputs(true), spec(Element::u8, Layout::nhwc, fused.data()));
  EXPECT_EQ(fused, mirrored);
  transform_on_host(inputs(true), spec(Element::u8, Layout::nchw, planes.data()));
  for (std::size_t pixel = 0; pixel < kPixels; ++pixel) {
    constexpr std::size_t kPlane = std::size_t{kWidth} * kHeight;
    const std::size_t sample = pixel / kPlane;
    for (std::size_t c = 0; c < kChannels; ++c)
      ASSERT_EQ(planes[(sample * kChannels + c) * kPlane + pixel % kPlane],
                mirrored[pixel * kChannels + c]);
  }
}

TEST(MaxTaps, IsNeverPassed) {
  std::vector<std::int32_t> weights;
  for (int input = 1; input < 1200; input += input < 300 ? 1 : 37) {
    for (const int output : {1, 2, 7, 63, 64, 224, 225, 500}) {
      const auto most = static_cast<std::size_t>(max_taps(input, output));
      weights.assign(most + 1, -1);
      for (int i = 0; i < output; ++i) {
        const Taps taps = write_taps(input, output, i, weights.data());
        ASSERT_LE(static_cast<std::size_t>(taps.count), most) << input << " -> " << output;
        ASSERT_GE(taps.first, 0);
        ASSERT_LE(taps.first + taps.count, input);
        ASSERT_EQ(weights[most], -1);
      }
    }
  }
}

}  // namespace
}  // namespace datamon::pipeline::test
