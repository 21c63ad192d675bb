// JpegDecoder: every box of every kind of JPEG equals full decoding; broken files are errors.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "ops_images.h"
#include "pipeline/ops/jpeg_decoder.h"

namespace datamon::pipeline::test {
namespace {

using Kind = ImageError::Kind;

struct Size {
  int width;
  int height;
};

CropBox random_box(Size size, std::mt19937& random) {
  const auto below = [&](int bound) { return static_cast<int>(random() % unsigned(bound)); };
  const int width = 1 + below(size.width);
  const int height = 1 + below(size.height);
  return {below(size.width - width + 1), below(size.height - height + 1), width, height};
}

std::vector<CropBox> boxes_of(Size size, std::mt19937& random, int count) {
  const int right = size.width - 1;
  const int bottom = size.height - 1;
  std::vector<CropBox> boxes = {{0, 0, size.width, size.height},
                                {0, 0, 1, 1},
                                {right, 0, 1, 1},
                                {0, bottom, 1, 1},
                                {right, bottom, 1, 1},
                                {size.width / 2, 0, 1, size.height},
                                {0, size.height / 2, size.width, 1}};
  for (int i = 0; i < count; ++i) {
    boxes.push_back(random_box(size, random));
  }
  return boxes;
}

std::vector<std::uint8_t> cut(const std::vector<std::uint8_t>& pixels, Size size,
                              const CropBox& box) {
  const std::ptrdiff_t stride = std::ptrdiff_t{size.width} * kChannels;
  return packed(
      {pixels.data() + box.y * stride + box.x * kChannels, box.width, box.height, stride});
}

class EveryKind : public testing::TestWithParam<JpegWay> {};

TEST_P(EveryKind, BoxesEqualFullDecoding) {
  std::mt19937 random(7);
  JpegDecoder decoder;
  for (const Size size : {Size{97, 83}, {64, 48}, {1, 1}, {2, 5}, {3, 3}, {17, 33}, {33, 1}}) {
    const auto file = encode(GetParam(), size.width, size.height, 1);
    const auto expected = decode_plainly(file);
    const auto info = decoder.open(file);
    ASSERT_TRUE(info) << info.error().message;
    EXPECT_EQ(info->width, size.width);
    EXPECT_EQ(info->height, size.height);
    for (const CropBox& box : boxes_of(size, random, 60)) {
      const auto view = decoder.decode(box);
      ASSERT_TRUE(view) << view.error().message;
      ASSERT_EQ(packed(*view), cut(expected, size, box))
          << size.width << "x" << size.height << " box " << box.x << "," << box.y << " "
          << box.width << "x" << box.height;
    }
  }
}

TEST_P(EveryKind, AnyTruncationIsAnError) {
  const auto file = encode(GetParam(), 60, 45, 2);
  JpegDecoder decoder;
  for (std::size_t size = 0; size < file.size(); size += size < 700 ? 1 : 37) {
    const auto info = decoder.open(std::span(file).first(size));
    ASSERT_FALSE(info) << "accepted " << size << " of " << file.size() << " bytes";
    EXPECT_FALSE(info.error().message.empty());
  }
  EXPECT_TRUE(decoder.open(file));
  EXPECT_TRUE(decoder.decode({0, 0, 60, 45}));
}

std::string test_name(const testing::TestParamInfo<JpegWay>& parameter) {
  std::string name = parameter.param.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Jpeg, EveryKind, testing::ValuesIn(all_jpeg_kinds()), test_name);

std::vector<std::byte> colour_file(int width = 80, int height = 60) {
  return encode(JpegWay{}, width, height, 3);
}

Kind kind_of_opening(std::span<const std::byte> file, const JpegLimits& limits = {}) {
  JpegDecoder decoder(limits);
  const auto info = decoder.open(file);
  EXPECT_FALSE(info);
  return info ? Kind::bad_box : info.error().kind;
}

TEST(JpegErrors, NameWhatIsWrong) {
  const auto file = colour_file();
  EXPECT_EQ(kind_of_opening({}), Kind::empty);
  const std::vector<std::byte> zeros(1000);
  EXPECT_EQ(kind_of_opening(zeros), Kind::not_jpeg);
  EXPECT_EQ(kind_of_opening(std::span(file).first(1)), Kind::truncated);
  EXPECT_EQ(kind_of_opening(std::span(file).first(file.size() / 2)), Kind::truncated);
  EXPECT_EQ(kind_of_opening(std::span(file).first(file.size() - 1)), Kind::truncated);
  JpegLimits limits;
  limits.max_pixels = 80 * 60 - 1;
  EXPECT_EQ(kind_of_opening(file, limits), Kind::too_large);
}

TEST(JpegErrors, TrailingBytesAreAllowed) {
  auto file = colour_file();
  file.insert(file.end(), 5000, std::byte{0xAB});
  EXPECT_TRUE(JpegDecoder().open(file));
}

TEST(JpegErrors, BoxesOutsideTheImage) {
  const auto file = colour_file();
  JpegDecoder decoder;
  EXPECT_EQ(decoder.decode({0, 0, 1, 1}).error().kind, Kind::bad_box);
  ASSERT_TRUE(decoder.open(file));
  for (const CropBox& box : {CropBox{0, 0, 81, 60},
                             {0, 0, 80, 61},
                             {-1, 0, 4, 4},
                             {80, 0, 1, 1},
                             {0, 0, 0, 5},
                             {0, 0, 5, -5},
                             {1, 1, 2147483647, 2}}) {
    const auto view = decoder.decode(box);
    ASSERT_FALSE(view);
    EXPECT_EQ(view.error().kind, Kind::bad_box);
  }
  EXPECT_TRUE(decoder.decode({0, 0, 80, 60}));
}

// A header that announces 65500 x 65500 pixels.
TEST(JpegErrors, DecompressionBombs) {
  auto file = colour_file();
  for (std::size_t i = 0; i + 9 < file.size(); ++i) {
    if (file[i] == std::byte{0xFF} && file[i + 1] == std::byte{0xC0}) {
      for (const std::size_t at : {i + 5, i + 7}) {
        file[at] = std::byte{0xFF};
        file[at + 1] = std::byte{0xDC};
      }
      break;
    }
  }
  EXPECT_EQ(kind_of_opening(file), Kind::too_large);
}

TEST(JpegErrors, ProgressiveMemoryAndScansAreLimited) {
  JpegWay kind;
  kind.progressive = true;
  const auto file = encode(kind, 800, 600, 4);
  JpegLimits limits;
  limits.max_working_bytes = 1 << 20;
  JpegDecoder small(limits);
  ASSERT_TRUE(small.open(file));
  EXPECT_EQ(small.decode({0, 0, 8, 8}).error().kind, Kind::too_large);
  limits = {};
  limits.max_scans = 3;
  JpegDecoder few(limits);
  ASSERT_TRUE(few.open(file));
  const auto view = few.decode({0, 0, 8, 8});
  ASSERT_FALSE(view);
  EXPECT_EQ(view.error().kind, Kind::too_large);
  EXPECT_NE(view.error().message.find("scans"), std::string::npos) << view.error().message;
}

TEST(JpegErrors, DamageIsAnErrorUnlessTolerated) {
  auto file = colour_file(200, 200);
  std::fill(file.begin() + static_cast<std::ptrdiff_t>(file.size() / 2), file.end() - 2,
            std::byte{0xFF});
  const CropBox whole{0, 0, 200, 200};
  JpegDecoder strict;
  ASSERT_TRUE(strict.open(file));
  const auto view = strict.decode(whole);
  ASSERT_FALSE(view);
  EXPECT_EQ(view.error().kind, Kind::corrupt);
  JpegLimits limits;
  limits.tolerate_damage = true;
  JpegDecoder tolerant(limits);
  ASSERT_TRUE(tolerant.open(file));
  EXPECT_TRUE(tolerant.decode(whole));
}

TEST(JpegFuzz, ChangedBytesNeverCrash) {
  std::mt19937 random(11);
  JpegDecoder decoder;
  const auto kinds = all_jpeg_kinds();
  int decoded = 0;
  for (int i = 0; i < 600; ++i) {
    auto file = encode(kinds[random() % kinds.size()], 40, 30, 5);
    for (unsigned changes = 1 + random() % 8U; changes > 0; --changes) {
      file[random() % file.size()] = static_cast<std::byte>(random());
    }
    const auto info = decoder.open(file);
    if (info && std::int64_t{info->width} * info->height < 4'000'000) {
      decoded += decoder.decode(random_box({info->width, info->height}, random)).has_value();
    }
  }
  EXPECT_GT(decoded, 0);
}

// What our Huffman decoder accepts, libjpeg's accepts, and the pixels are the same.
TEST(JpegFuzz, OurHuffmanDecoderIsLibjpegs) {
  std::mt19937 random(13);
  JpegLimits limits;
  limits.own_huffman_decoder = false;
  JpegDecoder theirs(limits);
  JpegDecoder ours;
  int compared = 0;
  for (int i = 0; i < 300; ++i) {
    JpegWay kind;
    kind.optimise = i % 2 == 0;
    kind.quality = i % 4 < 2 ? 99 : 50;
    auto file = encode(kind, 120, 90, unsigned(i % 7));
    for (auto changes = random() % 3U; changes > 0; --changes) {
      file[file.size() / 3 + random() % (file.size() / 2)] = static_cast<std::byte>(random());
    }
    const CropBox box = random_box({120, 90}, random);
    if (!ours.open(file) || !theirs.open(file)) {
      continue;
    }
    const auto our_view = ours.decode(box);
    const auto their_view = theirs.decode(box);
    if (our_view) {
      ASSERT_TRUE(their_view) << their_view.error().message;
      ASSERT_EQ(packed(*our_view), packed(*their_view)) << "case " << i;
      ++compared;
    }
  }
  EXPECT_GT(compared, 100);
}

TEST(JpegFuzz, RandomBytesNeverCrash) {
  std::mt19937 random(12);
  JpegDecoder decoder;
  for (int i = 0; i < 500; ++i) {
    std::vector<std::byte> file(random() % 300U);
    std::generate(file.begin(), file.end(), [&] { return static_cast<std::byte>(random()); });
    if (i % 2 == 0 && file.size() > 3) {
      file[0] = std::byte{0xFF};
      file[1] = std::byte{0xD8};
      file[2] = std::byte{0xFF};
    }
    EXPECT_FALSE(decoder.open(file));
  }
}

TEST(Jpeg, TwentyThousandPixelsWide) {
  const auto file = colour_file(20'000, 9);
  const auto expected = decode_plainly(file);
  JpegDecoder decoder;
  ASSERT_TRUE(decoder.open(file));
  for (const CropBox& box : {CropBox{0, 0, 20'000, 9}, {19'990, 2, 10, 3}, {9'999, 8, 1, 1}}) {
    const auto view = decoder.decode(box);
    ASSERT_TRUE(view);
    EXPECT_EQ(packed(*view), cut(expected, {20'000, 9}, box));
  }
}

}  // namespace
}  // namespace datamon::pipeline::test
