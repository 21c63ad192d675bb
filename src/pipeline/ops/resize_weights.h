// The weights of Pillow's bilinear (triangle) filter along one axis.
#pragma once

#include <cstdint>
#include <vector>

#include "pipeline/ops/resize_arithmetic.h"

namespace datamon::pipeline {

// Output i is the sum over j < count of weight(i)[j] * input[first(i) + j].
//
// Promise: first, count and every weight equal those of Pillow's precompute_coeffs and
// normalize_coeffs_8bpc with the bilinear filter and the whole input as box; taps at either end
// whose weight is zero are left out.
class ResizeWeights {
 public:
  // Reuses memory. Preconditions: both sizes > 0.
  void compute(int input_size, int output_size);

  int input_size() const { return input_size_; }
  int output_size() const { return output_size_; }
  // Distance between the weights of two outputs; unused ones behind count are zero.
  int stride() const { return stride_; }
  int first(int output) const { return first_[output]; }
  int count(int output) const { return count_[output]; }
  int max_count() const { return max_count_; }
  const std::int32_t* weights(int output) const { return weights_.data() + output * stride_; }
  bool is_identity() const { return input_size_ == output_size_; }

 private:
  int input_size_ = 0;
  int output_size_ = 0;
  int stride_ = 0;
  int max_count_ = 0;
  std::vector<std::int32_t> first_;
  std::vector<std::int32_t> count_;
  std::vector<std::int32_t> weights_;
};

}  // namespace datamon::pipeline
