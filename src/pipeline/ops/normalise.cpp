#include "pipeline/ops/normalise.h"

#include <bit>
#include <cmath>

#include "pipeline/ops/normalise_kernels.h"

namespace datamon::pipeline {
namespace {

using Tables = Normaliser::Tables;

// The operations and their order are torch's: ToTensor divides by 255, Normalize subtracts the mean
// and divides by the standard deviation, each rounded to float.
float torch_value(int pixel, float mean, float std) {
  const float scaled = static_cast<float>(pixel) / 255.0F;
  const float centred = scaled - mean;
  return centred / std;
}

bool formula_is_exact(const Tables& tables) {
  for (std::size_t c = 0; c < kChannels; ++c) {
    for (int pixel = 0; pixel < 256; ++pixel) {
      const float value =
          normalised(pixel, {tables.mean[c], tables.inverse_high[c], tables.inverse_low[c]});
      const float expected = tables.values[c][static_cast<std::size_t>(pixel)];
      if (std::bit_cast<std::uint32_t>(value) != std::bit_cast<std::uint32_t>(expected)) {
        return false;
      }
    }
  }
  return true;
}

Tables make_tables(const Normalisation& normalisation) {
  Tables tables{};
  for (std::size_t c = 0; c < kChannels; ++c) {
    const float mean = normalisation.mean[c];
    const float std = normalisation.std[c];
    for (std::size_t pixel = 0; pixel < 256; ++pixel) {
      tables.values[c][pixel] = torch_value(static_cast<int>(pixel), mean, std);
      tables.halves[c][pixel] = to_half(tables.values[c][pixel]);
    }
    const double inverse = 1.0 / std;
    tables.mean[c] = mean;
    tables.inverse_high[c] = static_cast<float>(inverse);
    tables.inverse_low[c] = static_cast<float>(inverse - tables.inverse_high[c]);
  }
  tables.formula_is_exact = formula_is_exact(tables);
  return tables;
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

std::uint16_t to_half(float value) { return half_bits(value); }

Normaliser::Normaliser(const Normalisation& normalisation, SimdLevel level)
    : tables_(make_tables(normalisation)), row_writers_(row_writers(level)) {}

void Normaliser::write_row(const std::uint8_t* pixels, int y, bool flip,
                           const SampleSlot& slot) const {
  row_writers_[static_cast<std::size_t>(slot.format)](tables_, pixels, y, flip, slot);
}

void Normaliser::write(const ImageView& image, bool flip, const SampleSlot& slot) const {
  for (int y = 0; y < image.height; ++y) {
    write_row(image.row(y), y, flip, slot);
  }
  finish();
}

void Normaliser::finish() const { drain_stores(); }

}  // namespace datamon::pipeline
