#include "pipeline/ops/normalise.h"

#include <bit>
#include <cstring>

namespace datamon::pipeline {
namespace {

template <typename T>
void write_planes(const ImageView& image, bool flip,
                  const std::array<std::array<T, 256>, kChannels>& table, T* out) {
  const std::ptrdiff_t plane = std::ptrdiff_t{image.width} * image.height;
  for (int y = 0; y < image.height; ++y) {
    const std::uint8_t* pixel = image.row(y) + (flip ? (image.width - 1) * kChannels : 0);
    const int step = flip ? -kChannels : kChannels;
    T* row = out + std::ptrdiff_t{y} * image.width;
    for (int x = 0; x < image.width; ++x, pixel += step) {
      for (int c = 0; c < kChannels; ++c) {
        row[c * plane + x] = table[c][pixel[c]];
      }
    }
  }
}

void write_bytes(const ImageView& image, bool flip, std::uint8_t* out) {
  const std::size_t row_bytes = static_cast<std::size_t>(image.width) * kChannels;
  for (int y = 0; y < image.height; ++y, out += row_bytes) {
    if (!flip) {
      std::memcpy(out, image.row(y), row_bytes);
      continue;
    }
    const std::uint8_t* pixel = image.row(y) + row_bytes;
    for (int x = 0; x < image.width; ++x) {
      pixel -= kChannels;
      std::memcpy(out + x * kChannels, pixel, kChannels);
    }
  }
}

}  // namespace

std::size_t sample_bytes(SampleFormat format, int width, int height) {
  const std::size_t values =
      static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * kChannels;
  switch (format) {
    case SampleFormat::float32_nchw:
      return values * sizeof(float);
    case SampleFormat::float16_nchw:
      return values * sizeof(std::uint16_t);
    default:
      return values;
  }
}

std::uint16_t to_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000U;
  const std::uint32_t magnitude = bits & 0x7fffffffU;
  if (magnitude >= 0x7f800000U) {  // infinity, not a number
    return static_cast<std::uint16_t>(sign | 0x7c00U | (magnitude > 0x7f800000U ? 0x200U : 0U));
  }
  if (magnitude >= 0x477ff000U) {  // rounds to infinity
    return static_cast<std::uint16_t>(sign | 0x7c00U);
  }
  if (magnitude < 0x38800000U) {  // subnormal: adding 0.5 rounds the bits that do not fit
    const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000U));
  }
  const std::uint32_t odd = (magnitude >> 13) & 1U;
  return static_cast<std::uint16_t>(sign | ((magnitude - 0x38000000U + 0xfffU + odd) >> 13));
}

// The operations and their order are torch's: ToTensor divides by 255, Normalize subtracts the mean
// and divides by the standard deviation, each rounded to float.
Normaliser::Normaliser(const Normalisation& normalisation, SimdLevel level) : level_(level) {
  for (int c = 0; c < kChannels; ++c) {
    for (int pixel = 0; pixel < 256; ++pixel) {
      const float scaled = static_cast<float>(pixel) / 255.0F;
      const float centred = scaled - normalisation.mean[c];
      table_[c][pixel] = centred / normalisation.std[c];
      half_table_[c][pixel] = to_half(table_[c][pixel]);
    }
  }
}

void Normaliser::write(const ImageView& image, bool flip, SampleFormat format, void* slot) const {
  switch (format) {
    case SampleFormat::float32_nchw:
      return write_planes(image, flip, table_, static_cast<float*>(slot));
    case SampleFormat::float16_nchw:
      return write_planes(image, flip, half_table_, static_cast<std::uint16_t*>(slot));
    case SampleFormat::uint8_nhwc:
      return write_bytes(image, flip, static_cast<std::uint8_t*>(slot));
  }
}

}  // namespace datamon::pipeline
