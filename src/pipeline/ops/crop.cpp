#include "pipeline/ops/crop.h"

#include <algorithm>
#include <cmath>

namespace datamon::pipeline {
namespace {

constexpr int kTries = 10;

// Python's round(): halves go to the even neighbour (the default rounding mode).
int round_half_even(double value) { return static_cast<int>(std::nearbyint(value)); }

int offset_within(int size, int box, Random& random) {
  return static_cast<int>(random.below(static_cast<std::uint32_t>(size - box + 1)));
}

CropBox central_crop(int width, int height, Range ratio) {
  const double image_ratio = static_cast<double>(width) / height;
  int w = width;
  int h = height;
  if (image_ratio < ratio.low) {
    h = std::clamp(round_half_even(w / ratio.low), 1, height);
  } else if (image_ratio > ratio.high) {
    w = std::clamp(round_half_even(h * ratio.high), 1, width);
  }
  return {(width - w) / 2, (height - h) / 2, w, h};
}

}  // namespace

CropBox random_resized_crop(int width, int height, Random& random, Range scale, Range ratio) {
  const double area = static_cast<double>(width) * height;
  const double log_low = std::log(ratio.low);
  const double log_high = std::log(ratio.high);
  for (int i = 0; i < kTries; ++i) {
    const double target_area = area * random.uniform(scale.low, scale.high);
    const double aspect = std::exp(random.uniform(log_low, log_high));
    const int w = round_half_even(std::sqrt(target_area * aspect));
    const int h = round_half_even(std::sqrt(target_area / aspect));
    if (w > 0 && w <= width && h > 0 && h <= height) {
      const int y = offset_within(height, h, random);
      const int x = offset_within(width, w, random);
      return {x, y, w, h};
    }
  }
  return central_crop(width, height, ratio);
}

bool random_flip(Random& random, double probability) { return random.uniform() < probability; }

}  // namespace datamon::pipeline
