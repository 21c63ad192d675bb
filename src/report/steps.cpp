#include "report/steps.h"

#include <algorithm>

namespace datamon::report {
namespace {

using format::SpanRecord;

class StepCollector {
 public:
  StepCollector(const LoaderTrack& consumer, int loader) : consumer_(consumer), loader_(loader) {}

  ConsumerSteps run() {
    const Track& track = *consumer_.track;
    std::uint64_t expected = 0;
    for (std::size_t i = 0; i < track.spans.size(); ++i) {
      if (track.spans_before[i] != expected) gap();
      for (const SpanRecord& span : track.spans[i]) add(span);
      expected = track.spans_before[i] + track.spans[i].size();
    }
    if (expected < track.record.span_count) result_.complete = false;
    if (!result_.steps.empty()) close_last();
    return std::move(result_);
  }

 private:
  void gap() {
    result_.complete = false;
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

  void add(const SpanRecord& span) {
    if ((span.flags & format::kSpanInterval) != 0) return;
    const StageFacts& facts = facts_of(*consumer_.stages, span.stage);
    const double from = consumer_.axis.at(span.start);
    const double to = from + consumer_.axis.lasting(span.duration);
    if (result_.first_span_s == 0) result_.first_span_s = from;
    result_.last_span_s = std::max(result_.last_span_s, to);
    switch (facts.stage_class) {
      case StageClass::kWait:
        return loader_of(facts, *consumer_.track) == loader_ ? wait(span, from, to)
                                                             : other_work(from);
      case StageClass::kTransfer:
        return transfer(span, from, to);
      case StageClass::kCompute:
        result_.compute_recorded = true;
        return work(span, to);
      case StageClass::kInit:
        if (loader_of(facts, *consumer_.track) == loader_) seen_init_ = true;
        return other_work(from);
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
      take_back_transfer(before, from);
    }
    RawStep& step = result_.steps.emplace_back();
    step.start_s = from;
    step.wait_end_s = step.work_end_s = step.end_s = to;
    step.id = span.id;
    step.init = seen_init_;
    wait_depth_ = span.depth;
    seen_init_ = false;
  }

  // A transfer inside a wait ends before the wait does, and was booked on the
  // step before: it is part of the wait.
  void take_back_transfer(RawStep& before, double wait_from) {
    if (transfer_from_ >= wait_from) before.transfer_s -= transfer_length_;
    transfer_from_ = -1;
  }

  void transfer(const SpanRecord& span, double from, double to) {
    if (result_.steps.empty()) return;
    result_.steps.back().transfer_s += to - from;
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

  void other_work(double from) {
    if (result_.steps.empty()) return;
    RawStep& step = result_.steps.back();
    if (step.other_start_s == 0 && from >= step.wait_end_s) step.other_start_s = from;
  }

  const LoaderTrack& consumer_;
  const int loader_;
  ConsumerSteps result_;
  bool seen_init_ = false;
  std::uint8_t wait_depth_ = 0;
  double transfer_from_ = -1, transfer_length_ = 0;
};

}  // namespace

ConsumerSteps collect_steps(const LoaderTrack& consumer, int loader) {
  return StepCollector(consumer, loader).run();
}

}  // namespace datamon::report
