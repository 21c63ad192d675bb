#include "report/tune/setting.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

namespace datamon::report {
namespace {

auto order_of(const LoaderSetting& setting) {
  return std::tuple(setting.workers, setting.workers == 0 ? 0 : setting.prefetch,
                    setting.pin.value_or(false), setting.persistent.value_or(false));
}

// 1 to 8, then four steps to each doubling: throughput changes by the ratio of workers.
std::set<int> worker_counts(int most) {
  std::set<int> counts = {0};
  for (int count = 1, step = 1; count <= most; count += step) {
    if (count >= 8) step = count / 4;
    counts.insert(count);
  }
  counts.insert(most);
  return counts;
}

}  // namespace

bool is_smaller(const LoaderSetting& a, const LoaderSetting& b) {
  return order_of(a) < order_of(b);
}

std::string to_text(const LoaderSetting& setting) {
  std::string text = setting.workers == 0
                         ? "no workers"
                         : fmt::format("{} worker{}, prefetch {}", setting.workers,
                                       setting.workers == 1 ? "" : "s", setting.prefetch);
  if (setting.pin) text += *setting.pin ? ", pinned" : ", not pinned";
  if (setting.persistent) text += *setting.persistent ? ", kept" : ", not kept";
  return text;
}

std::string tune_variable(const LoaderSetting& setting, int loader) {
  std::string text = fmt::format("loader={},workers={}", loader, setting.workers);
  if (setting.workers > 0) text += fmt::format(",prefetch={}", setting.prefetch);
  if (setting.pin) text += fmt::format(",pin={:d}", *setting.pin);
  if (setting.persistent) text += fmt::format(",persistent={:d}", *setting.persistent);
  return text;
}

std::string as_code(const LoaderSetting& setting, LoaderKind kind) {
  if (kind == LoaderKind::kPipeline) {
    std::string text = fmt::format("--workers {}", setting.workers);
    if (setting.workers > 0) text += fmt::format(" --prefetch {}", setting.prefetch);
    return text;
  }
  std::string text = fmt::format("DataLoader(..., num_workers={}", setting.workers);
  if (setting.workers > 0) text += fmt::format(", prefetch_factor={}", setting.prefetch);
  if (setting.pin) text += fmt::format(", pin_memory={}", *setting.pin ? "True" : "False");
  if (setting.persistent && setting.workers > 0)
    text += fmt::format(", persistent_workers={}", *setting.persistent ? "True" : "False");
  return text + ")";
}

std::vector<LoaderSetting> settings_around(const LoaderSetting& now, int most_workers) {
  std::set<int> workers = worker_counts(std::max(0, most_workers));
  workers.insert(now.workers);
  std::set<int> prefetch = {2, 4};
  if (now.workers > 0) prefetch.insert(now.prefetch);
  std::vector<LoaderSetting> all;
  for (const int count : workers) {
    for (const int ahead : prefetch) {
      all.push_back({count, ahead, now.pin, now.persistent});
      if (count == 0) break;
    }
  }
  return all;
}

}  // namespace datamon::report
