#include "report/import/kineto_parts.h"

#include <algorithm>

#include "report/nanoseconds.h"

namespace datamon::report {
namespace {

// Walks the nested parts of one wait; each class gets its exclusive time.
class WaitSplitter {
 public:
  WaitSplitter(const WaitRange& wait, WaitParts& out) : out_(out), at_(wait.from_ns) {
    open_.push_back({wait.to_ns, StageClass::kFetch});
  }

  // Parts come by start, the longer first. False: it is the same stage again, nested
  // in itself, and no part of its own.
  bool add(const PartRange& part) {
    advance(part.from_ns);
    const bool repeated = open_.size() > 1 && open_.back().stage == part.stage;
    open_.push_back({std::min(part.to_ns, open_.back().to_ns), part.stage});
    return !repeated;
  }
  void finish() { advance(open_.front().to_ns); }

 private:
  struct Open {
    std::int64_t to_ns;
    StageClass stage;
  };

  void give(std::int64_t until) {
    if (until <= at_) return;
    out_.self_s[static_cast<std::size_t>(open_.back().stage)] += seconds(until - at_);
    at_ = until;
  }
  void advance(std::int64_t time) {
    while (open_.size() > 1 && open_.back().to_ns <= time) {
      give(open_.back().to_ns);
      open_.pop_back();
    }
    give(std::min(time, open_.back().to_ns));
  }

  WaitParts& out_;
  std::int64_t at_;
  std::vector<Open> open_;
};

}  // namespace

SplitWaits split_waits(const KinetoCollector& events, const KinetoSteps& steps) {
  SplitWaits out;
  out.waits.resize(steps.waits.size());
  std::size_t at = 0;
  for (std::size_t i = 0; i < steps.waits.size(); ++i) {
    const WaitRange& wait = steps.waits[i];
    WaitSplitter splitter(wait, out.waits[i]);
    const bool steady = covered_ns(steps.steady, wait.from_ns, wait.from_ns + 1) > 0;
    while (at < events.parts.size() && events.parts[at].from_ns < wait.from_ns) ++at;
    for (; at < events.parts.size() && events.parts[at].from_ns < wait.to_ns; ++at) {
      const PartRange& part = events.parts[at];
      if (part.thread != wait.thread || !wait.makes_batch) continue;
      if (!splitter.add(part) || part.stage == StageClass::kFetch) continue;
      out.any = true;
      if (steady)
        out.lengths_s[static_cast<std::size_t>(part.stage)].push_back(
            seconds(std::min(part.to_ns, wait.to_ns) - part.from_ns));
    }
    splitter.finish();
    for (std::size_t c = 0; c < kStageClasses; ++c) out.self_s[c] += out.waits[i].self_s[c];
  }
  const double unknown_s = out.self_s[static_cast<std::size_t>(StageClass::kFetch)];
  out.clear = std::any_of(out.self_s.begin(), out.self_s.end(),
                          [&](double self_s) { return self_s > unknown_s; });
  return out;
}

}  // namespace datamon::report
