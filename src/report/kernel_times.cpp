#include "report/kernel_times.h"

#include <algorithm>
#include <map>

#include "report/kernel_name.h"

namespace datamon::report {

void KernelTimes::add(std::string_view name, std::int64_t lasted_ns) {
  const double lasted = static_cast<double>(std::max<std::int64_t>(lasted_ns, 0));
  all_ns_ += lasted;
  if (name.empty()) return;
  auto found = by_name_.find(name);
  if (found == by_name_.end()) {
    if (by_name_.size() >= kMostNames) return;
    found = by_name_.emplace(name, Sum{}).first;
  }
  ++found->second.count;
  found->second.time_ns += lasted;
}

std::vector<KernelShare> KernelTimes::longest(std::size_t most) const {
  std::map<std::string, Sum> functions;
  for (const auto& [name, sum] : by_name_) {
    Sum& function = functions[kernel_function(name)];
    function.count += sum.count;
    function.time_ns += sum.time_ns;
  }
  std::vector<KernelShare> kernels;
  for (const auto& [name, sum] : functions)
    kernels.push_back(
        {name, sum.count, sum.time_ns * 1e-9, all_ns_ > 0 ? sum.time_ns / all_ns_ : 0});
  const std::size_t kept = std::min(most, kernels.size());
  std::partial_sort(kernels.begin(), kernels.begin() + static_cast<std::ptrdiff_t>(kept),
                    kernels.end(), [](const KernelShare& a, const KernelShare& b) {
                      return a.time_s != b.time_s ? a.time_s > b.time_s : a.name < b.name;
                    });
  kernels.resize(kept);
  return kernels;
}

}  // namespace datamon::report
