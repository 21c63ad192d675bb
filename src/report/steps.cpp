#include "report/steps.h"

#include <algorithm>
#include <set>

#include "report/median.h"
#include "report/thread_spans.h"

namespace datamon::report {
namespace {

using format::SpanRecord;

// A step of zipped loaders with more waits for others than so many times the
// usual number, and one for the end of another loader's epoch, is none: the
// thread was at another loader's steps.
constexpr std::uint32_t kOthersFactor = 2;

// Where steps hold no waits for others, so many are part of the step: a batch of
// another loader that is used now and then. More are a pass over it.
constexpr std::uint32_t kFewOthers = 1;

class StepCollector {
 public:
  StepCollector(const LoaderTrack& consumer, const std::vector<LoaderTrack>& elsewhere, int loader)
      : loader_(loader) {
    tracks_.push_back(&consumer);
    for (const LoaderTrack& track : elsewhere)
      if (track.consumer == consumer.consumer) tracks_.push_back(&track);
  }

  ConsumerSteps run() {
    ThreadSpans spans(tracks_);
    spans.visit([this](const LoaderTrack& track, const SpanRecord& span) { add(track, span); },
                [this] { gap(); });
    result_.complete = spans.complete();
    if (!result_.steps.empty()) close_last();
    mark_those_without_batch();
    settle_others();
    return std::move(result_);
  }

 private:
  // What is only needed until it is known whether the step is of zipped loaders.
  struct Others {
    std::uint32_t waits = 0;
    double start_s = 0;     // the first wait or start-up work for another loader begins
    double sum_s = 0;       // of them all
    double transfer_s = 0;  // of the step's, behind start_s
    double work_end_s = 0;  // the step's, before start_s
  };

  void gap() {
    if (!result_.steps.empty()) {
      close_last();
      result_.steps.back().last_known = true;
    }
    seen_init_ = false;
  }

  void close_last() {
    RawStep& last = result_.steps.back();
    last.end_s = std::max(last.wait_end_s, last.work_end_s);
  }

  void add(const LoaderTrack& track, const SpanRecord& span) {
    if ((span.flags & format::kSpanInterval) != 0) return;
    const StageFacts& facts = facts_of(*track.stages, span.stage);
    const double from = track.axis.at(span.start);
    const double to = from + track.axis.lasting(span.duration);
    const bool own = loader_of(facts, *track.track) == loader_;
    switch (facts.stage_class) {
      case StageClass::kWait:
        if (own) return wait(span, from, to);
        waited_on_.insert(&track);
        return other_work(from, to, true);
      case StageClass::kTransfer:
        return transfer(span, from, to);
      case StageClass::kCompute:
        result_.compute_recorded = true;
        if (!result_.steps.empty()) result_.steps.back().computed = true;
        if (own)
          come_back(from);
        else if (waited_on_.contains(&track))
          go_back(from);
        return work(span, to);
      case StageClass::kInit:
        return own ? init(from) : other_work(from, to, false);
      default:
        return work(span, to);
    }
  }

  void wait(const SpanRecord& span, double from, double to) {
    if (!result_.steps.empty()) {
      RawStep& before = result_.steps.back();
      if (from <= before.start_s) {  // encloses the wait that was seen last
        before.start_s = from;
        before.wait_end_s = std::max(before.wait_end_s, to);
        if (before.id == format::kNoId) before.id = span.id;
        return;
      }
      if (!before.last_known) before.end_s = from;
      before.work_end_s = std::min(before.work_end_s, before.end_s);
      take_back(before, from);
    }
    RawStep& step = result_.steps.emplace_back();
    others_.emplace_back();
    step.start_s = from;
    step.wait_end_s = step.work_end_s = step.end_s = to;
    step.id = span.id;
    step.init = seen_init_;
    wait_depth_ = span.depth;
    seen_init_ = false;
  }

  // What is inside a wait ends before the wait does, and was booked on the step
  // before: it is part of the wait.
  void take_back(RawStep& before, double wait_from) {
    Others& others = others_.back();
    if (transfer_from_ >= wait_from) {
      before.transfer_s -= transfer_length_;
      if (others.start_s > 0) others.transfer_s -= transfer_length_;
    }
    if (other_from_ >= wait_from) {
      before.other_s -= other_length_;
      if (others.start_s > 0) others.sum_s -= other_length_;
      if (others.waits > 0) --others.waits;
      if (others.waits == 0) others.start_s = 0;
    }
    transfer_from_ = other_from_ = -1;
  }

  void transfer(const SpanRecord& span, double from, double to) {
    if (result_.steps.empty()) return;
    result_.steps.back().transfer_s += to - from;
    if (others_.back().start_s > 0) others_.back().transfer_s += to - from;
    transfer_length_ = to - from;
    transfer_from_ = from;
    work(span, to);
  }

  // What is nested deeper than the waits may be part of the next wait, which
  // ends after it; whatever encloses it tells.
  void work(const SpanRecord& span, double to) {
    if (span.depth > wait_depth_) return;
    if (result_.steps.empty() || result_.steps.back().last_known) return;
    RawStep& step = result_.steps.back();
    step.work_end_s = std::max(step.work_end_s, to);
  }

  void init(double from) {
    seen_init_ = true;
    if (result_.steps.empty()) {
      if (result_.init_start_s == 0) result_.init_start_s = from;
      return;
    }
    RawStep& step = result_.steps.back();
    if (step.init_start_s == 0 && from >= step.wait_end_s) step.init_start_s = from;
  }

  void other_work(double from, double to, bool is_wait) {
    if (result_.steps.empty()) {
      if (is_wait) result_.elsewhere_until_s = to;
      return;
    }
    RawStep& step = result_.steps.back();
    if (step.last_known || to <= step.wait_end_s) return;
    Others& others = others_.back();
    if (others.start_s == 0) {
      others.start_s = from;
      others.work_end_s = step.work_end_s;
    }
    others.waits += is_wait;
    step.other_s += to - from;
    others.sum_s += to - from;
    step.work_end_s = std::max(step.work_end_s, to);
    other_from_ = from;
    other_length_ = to - from;
  }

  void mark_those_without_batch() {
    const auto has_none = [](const RawStep& step) { return step.id == format::kNoId; };
    auto& steps = result_.steps;
    const auto none = static_cast<std::size_t>(std::count_if(steps.begin(), steps.end(), has_none));
    if (!waits_are_numbered(steps.size() - none, steps.size())) return;
    for (RawStep& step : steps) step.no_batch = has_none(step);
    result_.without_batch = none;
  }

  // The thread computes for this loader again: what it did since it turned to
  // others was theirs.
  void come_back(double from) {
    if (result_.steps.empty()) return;
    Others& others = others_.back();
    if (others.start_s == 0 || from < others.start_s) return;
    RawStep& step = result_.steps.back();
    step.other_s += from - others.start_s - others.sum_s;
    step.transfer_s -= others.transfer_s;
    others = {};
    other_from_ = transfer_from_ = -1;
    result_.nested = true;
  }

  // Where a loop over this loader ended inside another one's step, that goes on.
  void go_back(double from) {
    if (result_.steps.empty()) return;
    Others& others = others_.back();
    if (others.start_s != 0 || from <= result_.steps.back().start_s) return;
    others.start_s = from;
    others.work_end_s = result_.steps.back().work_end_s;
  }

  // Is what the step holds of other loaders not the step's?
  bool is_away(std::size_t i, std::uint32_t usual) const {
    const RawStep& step = result_.steps[i];
    const Others& others = others_[i];
    if (result_.zipped) return others.waits > kOthersFactor * usual + 1;
    if (others.start_s == 0 || others.start_s >= step.end_s) return false;
    const bool at_end = i + 1 == others_.size() || step.no_batch || step.init_start_s > 0;
    return at_end || others.waits > kFewOthers;
  }

  std::uint32_t usual_others() const {
    std::vector<std::uint32_t> counts;
    for (std::size_t i = 0; i + 1 < others_.size(); ++i)
      if (!result_.steps[i].last_known) counts.push_back(others_[i].waits);
    return median(std::move(counts));
  }

  void settle_others() {
    const std::uint32_t usual = usual_others();
    result_.zipped = usual > 0;
    if (result_.zipped) result_.elsewhere_until_s = 0;
    for (std::size_t i = 0; i < others_.size(); ++i) {
      RawStep& step = result_.steps[i];
      const Others& others = others_[i];
      if (!is_away(i, usual)) continue;
      step.away_from_s = others.start_s;
      step.away_to_s = step.init_start_s > others.start_s ? step.init_start_s : step.end_s;
      if (!result_.zipped) end_where_others_begin(step, others);
    }
  }

  void end_where_others_begin(RawStep& step, const Others& others) {
    step.end_s = others.start_s;
    step.work_end_s = std::min(others.work_end_s, step.end_s);
    step.transfer_s -= others.transfer_s;
    step.other_s -= others.sum_s;  // what remains are steps that it came back from
  }

  const int loader_;
  std::vector<const LoaderTrack*> tracks_;
  ConsumerSteps result_;
  std::vector<Others> others_;              // of each step
  std::set<const LoaderTrack*> waited_on_;  // of others' waits
  bool seen_init_ = false;
  std::uint8_t wait_depth_ = 0;
  double transfer_from_ = -1, transfer_length_ = 0;
  double other_from_ = -1, other_length_ = 0;
};

}  // namespace

ConsumerSteps collect_steps(const LoaderTrack& consumer, const std::vector<LoaderTrack>& elsewhere,
                            int loader) {
  return StepCollector(consumer, elsewhere, loader).run();
}

}  // namespace datamon::report
