#include "report/import/interval_set.h"

#include <algorithm>

namespace datamon::report {
namespace {

// Joins spans whose gap is at most `gap`; `spans` is sorted by start.
void join(TimeSpans& spans, std::int64_t gap) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    if (kept > 0 && spans[i].from - spans[kept - 1].to <= gap)
      spans[kept - 1].to = std::max(spans[kept - 1].to, spans[i].to);
    else
      spans[kept++] = spans[i];
  }
  spans.resize(kept);
}

}  // namespace

void IntervalSet::add(std::int64_t from, std::int64_t to) {
  if (to <= from) return;
  // Most come in order, and many touch or overlap the latest one.
  if (sorted_ > 0 && sorted_ == spans_.size()) {
    TimeSpan_ns& last = spans_.back();
    if (from >= last.from) {
      if (from <= last.to) {
        last.to = std::max(last.to, to);
        return;
      }
      ++sorted_;
    }
  }
  spans_.push_back({from, to});
  if (spans_.size() == 1) sorted_ = 1;
  if (spans_.size() >= most_) settle(most_ / 2);
}

const TimeSpans& IntervalSet::spans() {
  settle(most_);
  return spans_;
}

void IntervalSet::settle(std::size_t most) {
  if (sorted_ != spans_.size()) {
    std::sort(spans_.begin(), spans_.end(),
              [](const TimeSpan_ns& a, const TimeSpan_ns& b) { return a.from < b.from; });
    join(spans_, closed_);
  }
  while (spans_.size() > most) {
    closed_ = std::max<std::int64_t>(1000, 2 * closed_);
    join(spans_, closed_);
  }
  sorted_ = spans_.size();
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
