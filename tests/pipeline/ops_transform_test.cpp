// Resizer and Normaliser: every SimdLevel gives the same bits. (That they are Pillow's and torch's
// bits is what pillow_ops_test.py tests.)
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <random>

#include "ops_images.h"
#include "pipeline/ops/transform.h"

namespace datamon::pipeline::test {
namespace {

struct Picture {
  int width;
  int height;
  std::vector<std::uint8_t> bytes;

  // Exactly as large as its pixels, so that a sanitizer sees reads outside of it.
  Picture(int w, int h, unsigned seed) : width(w), height(h), bytes(make_picture(w, h, 3, seed)) {}
  ImageView view() const {
    return {bytes.data(), width, height, std::ptrdiff_t{width} * kChannels};
  }
};

std::vector<SimdLevel> simd_levels() {
  std::vector<SimdLevel> levels;
  for (const SimdLevel level : {SimdLevel::avx2, SimdLevel::avx512}) {
    if (has_simd_level(level)) {
      levels.push_back(level);
    }
  }
  return levels;
}

int random_side(std::mt19937& random) {
  constexpr int kBounds[] = {3, 24, 70, 300, 1500};
  return 1 + static_cast<int>(random() % unsigned(kBounds[random() % 5U]));
}

TEST(Resizer, EveryLevelIsTheScalarOne) {
  std::mt19937 random(1);
  for (int i = 0; i < 300; ++i) {
    const Picture picture(random_side(random), 1 + int(random() % 90U), unsigned(i));
    const int width = 1 + int(random() % 260U);
    const int height = 1 + int(random() % 260U);
    Resizer scalar(width, height, SimdLevel::scalar);
    const auto expected = packed(scalar.resize(picture.view()));
    for (const SimdLevel level : simd_levels()) {
      Resizer resizer(width, height, level);
      ASSERT_EQ(packed(resizer.resize(picture.view())), expected)
          << name_of(level) << ": " << picture.width << "x" << picture.height << " to " << width
          << "x" << height;
    }
  }
}

TEST(Resizer, RowsAreTheImage) {
  for (const auto& [w, h] : {std::pair{300, 200}, {224, 300}, {300, 224}, {224, 224}, {2, 500}}) {
    const Picture picture(w, h, 1);
    Resizer whole(224, 224);
    Resizer rows(224, 224);
    const ImageView image = whole.resize(picture.view());
    rows.begin(picture.view());
    for (int y = 223; y >= 0; --y) {
      ASSERT_EQ(std::memcmp(rows.output_row(y), image.row(y), 224 * kChannels), 0) << w << " " << y;
    }
  }
}

TEST(Resizer, SameSizeChangesNothing) {
  const Picture picture(31, 17, 1);
  Resizer resizer(31, 17);
  EXPECT_EQ(packed(resizer.resize(picture.view())), picture.bytes);
}

template <typename T>
std::vector<T> write(const Normaliser& normaliser, const Picture& picture, bool flip,
                     SampleFormat format, std::size_t misalignment) {
  const std::size_t bytes = sample_bytes(format, picture.width, picture.height);
  std::vector<std::uint8_t> memory(bytes + 128);
  auto* aligned = memory.data() + (64 - reinterpret_cast<std::uintptr_t>(memory.data()) % 64);
  normaliser.write(picture.view(), flip, format, aligned + misalignment);
  std::vector<T> values(bytes / sizeof(T));
  std::memcpy(values.data(), aligned + misalignment, bytes);
  return values;
}

template <typename T>
void expect_levels_agree(SampleFormat format, const Normalisation& normalisation) {
  const Normaliser scalar(normalisation, SimdLevel::scalar);
  for (const int width : {1, 7, 8, 15, 16, 17, 48, 224, 225}) {
    const Picture picture(width, 5, unsigned(width));
    for (const bool flip : {false, true}) {
      const auto expected = write<T>(scalar, picture, flip, format, 0);
      for (const SimdLevel level : simd_levels()) {
        const Normaliser normaliser(normalisation, level);
        for (const std::size_t misalignment : {std::size_t{0}, sizeof(T)}) {
          const auto values = write<T>(normaliser, picture, flip, format, misalignment);
          ASSERT_EQ(std::memcmp(values.data(), expected.data(), expected.size() * sizeof(T)), 0)
              << name_of(level) << " width " << width;
        }
      }
    }
  }
}

TEST(Normaliser, EveryLevelIsTheScalarOne) {
  Normalisation other;
  other.mean = {0.1F, 0.0F, 1.0F};
  other.std = {0.3F, 1.0F, 0.007F};
  for (const Normalisation& normalisation : {Normalisation{}, other}) {
    expect_levels_agree<float>(SampleFormat::float32_nchw, normalisation);
    expect_levels_agree<std::uint16_t>(SampleFormat::float16_nchw, normalisation);
    expect_levels_agree<std::uint8_t>(SampleFormat::uint8_nhwc, normalisation);
  }
}

TEST(Normaliser, ValuesAreTorchs) {
  const Normalisation n;
  const Normaliser normaliser;
  for (int pixel = 0; pixel < 256; ++pixel) {
    for (int c = 0; c < kChannels; ++c) {
      const float scaled = static_cast<float>(pixel) / 255.0F;
      const float expected = (scaled - n.mean[std::size_t(c)]) / n.std[std::size_t(c)];
      EXPECT_EQ(normaliser.value(c, static_cast<std::uint8_t>(pixel)), expected);
    }
  }
}

TEST(Normaliser, HalvesAreRoundedToNearestEven) {
  const auto value_of = [](std::uint16_t half) {
    const int exponent = (half >> 10) & 31;
    const double fraction = half & 1023;
    return exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  };
  for (std::uint16_t half = 0; half < 0x7bff; ++half) {
    const double below = value_of(half);
    const double above = value_of(static_cast<std::uint16_t>(half + 1));
    const auto middle = static_cast<float>((below + above) / 2);
    const auto even = static_cast<std::uint16_t>(half + (half & 1));
    ASSERT_EQ(to_half(static_cast<float>(below)), half);
    ASSERT_EQ(to_half(middle), even);
    ASSERT_EQ(to_half(-middle), even | 0x8000);
    ASSERT_EQ(to_half(std::nextafter(middle, 0.0F)), half);
    ASSERT_EQ(to_half(std::nextafter(middle, 1e9F)), half + 1);
  }
  EXPECT_EQ(to_half(65520.0F), 0x7c00);
  EXPECT_EQ(to_half(65519.9F), 0x7bff);
  EXPECT_EQ(to_half(INFINITY), 0x7c00);
}

TEST(SampleTransform, IsResizeThenNormalise) {
  for (const bool flip : {false, true}) {
    const Picture picture(301, 177, 9);
    SampleTransform transform(224, 224);
    Resizer resizer(224, 224);
    const Normaliser normaliser;
    std::vector<float> fused(224 * 224 * 3);
    std::vector<float> separate(fused.size());
    transform.apply(picture.view(), flip, SampleFormat::float32_nchw, fused.data());
    normaliser.write(resizer.resize(picture.view()), flip, SampleFormat::float32_nchw,
                     separate.data());
    EXPECT_EQ(fused, separate);
  }
}

}  // namespace
}  // namespace datamon::pipeline::test
