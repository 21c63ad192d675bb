#include "report/interval_set.h"

#include <algorithm>

namespace datamon::report {

void IntervalSet::add(std::int64_t from, std::int64_t to) {
  if (to <= from) return;
  // Most come in order, and many touch or overlap the latest one.
  if (sorted_ > 0 && sorted_ == kept_.size()) {
    Kept& last = kept_.back();
    if (from >= last.from) {
      if (from <= last.to && last.closed == 0) {
        last.to = std::max(last.to, to);
        return;
      }
      if (from > last.to) ++sorted_;
    }
  }
  kept_.push_back({from, to, 0});
  if (kept_.size() == 1) sorted_ = 1;
  if (kept_.size() >= most_) settle(most_ / 2);
}

TimeSpans IntervalSet::spans() {
  settle(most_);
  TimeSpans out;
  out.reserve(kept_.size());
  for (const Kept& kept : kept_) out.push_back({kept.from, kept.to});
  return out;
}

double IntervalSet::closed_s(const TimeSpans& window) {
  settle(most_);
  double sum = 0;
  for (const Kept& kept : kept_) {
    if (kept.closed == 0) continue;
    // Spread evenly over the interval.
    const auto inside = static_cast<double>(covered_ns(window, kept.from, kept.to));
    sum += static_cast<double>(kept.closed) * inside / static_cast<double>(kept.to - kept.from);
  }
  return sum * 1e-9;
}

void IntervalSet::settle(std::size_t most) {
  const bool in_order = sorted_ == kept_.size();
  if (!in_order)
    std::sort(kept_.begin(), kept_.end(),
              [](const Kept& a, const Kept& b) { return a.from < b.from; });
  if (!in_order || kept_.size() > most) join();
  while (kept_.size() > most) {
    closed_ = std::max<std::int64_t>(1000, 2 * closed_);
    join();
  }
  sorted_ = kept_.size();
}

// Joins what overlaps or has a gap of at most closed_ between. Where two overlap, only
// what is a gap in both remains one; where in them their gaps lie is not known, so they
// count as spread evenly and apart from each other, as those of two streams are.
void IntervalSet::join() {
  const auto gap_share = [](const Kept& kept) {
    return static_cast<double>(kept.closed) / static_cast<double>(kept.to - kept.from);
  };
  std::size_t kept = 0;
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    const Kept& next = kept_[i];
    if (kept == 0 || next.from - kept_[kept - 1].to > closed_) {
      kept_[kept++] = next;
      continue;
    }
    Kept& last = kept_[kept - 1];
    const std::int64_t gap = std::max<std::int64_t>(0, next.from - last.to);
    const auto both =
        static_cast<double>(std::max<std::int64_t>(0, std::min(next.to, last.to) - next.from));
    const double a = gap_share(last), b = gap_share(next);
    const auto filled = static_cast<std::int64_t>(both * (a + b - a * b));
    const std::int64_t closed = last.closed + next.closed + gap - filled;
    last.to = std::max(last.to, next.to);
    last.closed = std::clamp<std::int64_t>(closed, 0, last.to - last.from);
  }
  kept_.resize(kept);
}

TimeSpans intersection(const TimeSpans& a, const TimeSpans& b) {
  TimeSpans out;
  for (std::size_t i = 0, k = 0; i < a.size() && k < b.size();) {
    const std::int64_t from = std::max(a[i].from, b[k].from), to = std::min(a[i].to, b[k].to);
    if (from < to) out.push_back({from, to});
    a[i].to < b[k].to ? ++i : ++k;
  }
  return out;
}

TimeSpans difference(const TimeSpans& a, const TimeSpans& b) {
  TimeSpans out;
  std::size_t k = 0;
  for (const TimeSpan_ns& span : a) {
    std::int64_t from = span.from;
    while (k < b.size() && b[k].to <= from) ++k;
    for (std::size_t n = k; n < b.size() && b[n].from < span.to; ++n) {
      if (b[n].from > from) out.push_back({from, b[n].from});
      from = std::max(from, b[n].to);
    }
    if (from < span.to) out.push_back({from, span.to});
  }
  return out;
}

double total_s(const TimeSpans& spans) {
  double sum = 0;
  for (const TimeSpan_ns& span : spans) sum += static_cast<double>(span.to - span.from);
  return sum * 1e-9;
}

std::int64_t covered_ns(const TimeSpans& spans, std::int64_t from, std::int64_t to) {
  std::int64_t sum = 0;
  auto at = std::lower_bound(spans.begin(), spans.end(), from,
                             [](const TimeSpan_ns& s, std::int64_t time) { return s.to <= time; });
  for (; at != spans.end() && at->from < to; ++at)
    sum += std::max<std::int64_t>(0, std::min(at->to, to) - std::max(at->from, from));
  return sum;
}

}  // namespace datamon::report
