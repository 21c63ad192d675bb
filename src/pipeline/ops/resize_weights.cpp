#include "pipeline/ops/resize_weights.h"

#include <algorithm>
#include <cmath>

namespace datamon::pipeline {
namespace {

double triangle(double x) {
  x = std::abs(x);
  return x < 1.0 ? 1.0 - x : 0.0;
}

// All weights of this filter are positive, so rounding is adding a half.
std::int32_t to_fixed(double weight) {
  return static_cast<std::int32_t>(0.5 + weight * (1 << kWeightBits));
}

}  // namespace

// The order of operations is Pillow's: another one rounds differently.
void ResizeWeights::compute(int input_size, int output_size) {
  input_size_ = input_size;
  output_size_ = output_size;
  const double scale = static_cast<double>(input_size) / output_size;
  const double support = std::max(scale, 1.0);  // the triangle's half width is one output pixel
  const double inverse = 1.0 / support;
  stride_ = (static_cast<int>(std::ceil(support)) * 2 + 1 + 3) / 4 * 4;
  max_count_ = 1;
  const auto outputs = static_cast<std::size_t>(output_size);
  first_.resize(outputs);
  count_.resize(outputs);
  weights_.assign(outputs * static_cast<std::size_t>(stride_), 0);
  exact_.resize(static_cast<std::size_t>(stride_));
  for (int i = 0; i < output_size; ++i) {
    const double center = (i + 0.5) * scale;
    int first = std::max(0, static_cast<int>(center - support + 0.5));
    int count = std::min(input_size, static_cast<int>(center + support + 0.5)) - first;
    double sum = 0.0;
    for (int j = 0; j < count; ++j) {
      exact_[j] = triangle((j + first - center + 0.5) * inverse);
      sum += exact_[j];
    }
    std::int32_t* weights = &weights_[static_cast<std::size_t>(i) * stride_];
    int used = 0;
    int skipped = 0;
    for (int j = 0; j < count; ++j) {
      const std::int32_t weight = to_fixed(sum != 0.0 ? exact_[j] / sum : exact_[j]);
      if (weight == 0 && used == 0 && j + 1 < count) {
        ++skipped;
      } else {
        weights[used++] = weight;
      }
    }
    while (used > 1 && weights[used - 1] == 0) {
      --used;
    }
    first_[i] = first + skipped;
    count_[i] = used;
    max_count_ = std::max(max_count_, used);
  }
}

}  // namespace datamon::pipeline
