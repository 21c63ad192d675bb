// The middle of a few values.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace datamon::report {

// The middle one of the values, the upper of the two where their number is even; 0 if
// there are none.
template <typename Value>
Value median(std::vector<Value> values) {
  if (values.empty()) return Value();
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace datamon::report
