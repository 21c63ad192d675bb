#include "busy_union.h"

#include <algorithm>
#include <new>

namespace datamon::cupti {

bool BusyUnion::start() {
  kept_.reset(new (std::nothrow) Interval[kMost]);
  return kept_ != nullptr;
}

void BusyUnion::add(std::uint64_t from, std::uint64_t to) {
  if (kept_ == nullptr || full()) return;
  kept_[count_++] = {from, std::max(to, from + 1)};
}

std::size_t BusyUnion::merge(std::uint64_t until) {
  if (count_ == 0) return 0;
  const bool was_full = full();
  Interval* const begin = kept_.get();
  const auto earlier = [](const Interval& a, const Interval& b) { return a.from < b.from; };
  // Work of one stream comes in order, and what is held back was sorted before.
  if (!std::is_sorted(begin, begin + count_, earlier)) std::sort(begin, begin + count_, earlier);
  std::size_t last = 0;
  for (std::size_t i = 1; i < count_; ++i) {
    if (kept_[i].from <= kept_[last].to)
      kept_[last].to = std::max(kept_[last].to, kept_[i].to);
    else
      kept_[++last] = kept_[i];
  }
  count_ = last + 1;
  const Interval* const not_yet = std::partition_point(
      begin, begin + count_, [until](const Interval& each) { return each.to <= until; });
  const auto ready = static_cast<std::size_t>(not_yet - begin);
  return was_full ? std::max(ready, (count_ + 1) / 2) : ready;
}

void BusyUnion::drop(std::size_t first) {
  std::copy(kept_.get() + first, kept_.get() + count_, kept_.get());
  count_ -= first;
}

}  // namespace datamon::cupti
