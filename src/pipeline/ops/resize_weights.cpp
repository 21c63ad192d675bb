#include "pipeline/ops/resize_weights.h"

#include <algorithm>
#include <cmath>

namespace datamon::pipeline {

void ResizeWeights::compute(int input_size, int output_size) {
  input_size_ = input_size;
  output_size_ = output_size;
  const double support = filter_support(input_size, output_size);
  stride_ = (static_cast<int>(std::ceil(support)) * 2 + 1 + 3) / 4 * 4;
  max_count_ = 1;
  const auto outputs = static_cast<std::size_t>(output_size);
  first_.resize(outputs);
  count_.resize(outputs);
  weights_.assign(outputs * static_cast<std::size_t>(stride_), 0);
  for (int i = 0; i < output_size; ++i) {
    const Taps taps =
        write_taps(input_size, output_size, i, &weights_[static_cast<std::size_t>(i) * stride_]);
    first_[i] = taps.first;
    count_[i] = taps.count;
    max_count_ = std::max(max_count_, taps.count);
  }
}

}  // namespace datamon::pipeline
