// Device time by kernel, of kernels that come one by one. Bounded. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "report/gpu_profile.h"

namespace datamon::report {

class KernelTimes {
 public:
  // Later names than so many count as kernels without a name.
  static constexpr std::size_t kMostNames = 4096;

  // `name` as it was recorded, at most some hundred bytes; "": not known.
  void add(std::string_view name, std::int64_t lasted_ns);

  // The functions (kernel_name.h) that took most, the longest first.
  std::vector<KernelShare> longest(std::size_t most) const;

 private:
  struct Sum {
    std::uint64_t count = 0;
    double time_ns = 0;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };

  std::unordered_map<std::string, Sum, Hash, std::equal_to<>> by_name_;
  double all_ns_ = 0;
};

}  // namespace datamon::report
