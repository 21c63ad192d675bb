#include "report/trace_steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "report/steps.h"
#include "report/trace_gaps.h"
#include "report/trace_stages.h"

namespace datamon::report {
namespace {

bool is_of_class(const ProcessFile& process, StageClass stage_class,
                 const format::SpanRecord& span) {
  const Stage* stage = process.stage(span.stage);
  return stage != nullptr && class_of(*stage) == stage_class &&
         (span.flags & format::kSpanInterval) == 0;
}

std::uint64_t count_ever(const ProcessFile& process, const Track& track, StageClass cls) {
  std::uint64_t count = 0;
  for (const format::Cell* cell : track.cells) {
    const Stage* stage = process.stage(cell->stage);
    if (stage != nullptr && class_of(*stage) == cls) count += cell->count;
  }
  return count;
}

// A wait that got no batch begins no step (steps.h).
std::uint64_t count_without_batch(const ProcessFile& process, const Track& track, StageClass cls) {
  if (cls != StageClass::kWait) return 0;
  std::uint64_t all = 0, none = 0;
  for (const auto& block : track.spans)
    for (const format::SpanRecord& span : block) {
      if (!is_of_class(process, cls, span)) continue;
      ++all;
      none += span.id == format::kNoId;
    }
  return waits_are_numbered(all - none, all) ? none : 0;
}

// The steps of one thread by number. Where the ring lost some in the middle the
// numbers behind that come from the exact total.
class StepIndex {
 public:
  StepIndex(const ProcessFile& process, const Track& track, StageClass cls)
      : process_(process),
        track_(track),
        class_(cls),
        without_batch_(count_without_batch(process, track, cls)),
        kept_(kept_blocks(track)) {
    std::uint64_t behind = 0;  // the last gap
    for (std::size_t i = 0; i < track.spans.size(); ++i) {
      const auto& block = track.spans[i];
      counts_.push_back(static_cast<std::uint64_t>(
          std::count_if(block.begin(), block.end(),
                        [&](const format::SpanRecord& span) { return begins_step(span); })));
      if (i < kept_.until) kept_until_ += counts_[i];
      if (i >= kept_.from) behind += counts_[i];
    }
    const bool whole = kept_.until == counts_.size();
    const std::uint64_t ever = count_ever(process, track, cls);
    total_ =
        whole ? kept_until_ : std::max(kept_until_ + behind, ever - std::min(ever, without_batch_));
    kept_from_ = whole ? kept_until_ : total_ - behind;
  }

  std::uint64_t total() const { return total_; }
  // Steps [0, kept_until) and [kept_from, total) were kept.
  std::uint64_t kept_until() const { return kept_until_; }
  std::uint64_t kept_from() const { return kept_from_; }

  // nullptr if the step was not kept.
  const format::SpanRecord* find(std::uint64_t number) const {
    if (number < kept_until_) return find_from(0, number);
    if (number >= kept_from_ && number < total_) return find_from(kept_.from, number - kept_from_);
    return nullptr;
  }

  // Calls visit(number, span) for every kept step, in order.
  template <typename Visit>
  void for_each(Visit visit) const {
    std::uint64_t number = 0;
    for (std::size_t block = 0; block < counts_.size(); ++block) {
      if (block == kept_.from && block > 0) number = kept_from_;
      const bool numbered = block < kept_.until || block >= kept_.from;
      for (const format::SpanRecord& span : track_.spans[block])
        if (numbered && begins_step(span)) visit(number++, span);
    }
  }

 private:
  bool begins_step(const format::SpanRecord& span) const {
    return is_of_class(process_, class_, span) && (without_batch_ == 0 || span.id != format::kNoId);
  }

  // The n-th step that begins in `block` or later.
  const format::SpanRecord* find_from(std::size_t block, std::uint64_t n) const {
    while (block < counts_.size() && n >= counts_[block]) n -= counts_[block++];
    if (block == counts_.size()) return nullptr;
    for (const format::SpanRecord& span : track_.spans[block])
      if (begins_step(span) && n-- == 0) return &span;
    return nullptr;
  }

  const ProcessFile& process_;
  const Track& track_;
  const StageClass class_;
  const std::uint64_t without_batch_;
  const KeptBlocks kept_;
  std::vector<std::uint64_t> counts_;  // by block
  std::uint64_t total_ = 0, kept_until_ = 0, kept_from_ = 0;
};

const TraceThread* first_consumer(const TraceIdentity& identity) {
  for (const TraceThread& thread : identity.threads)
    if (is_consumer(*thread.track)) return &thread;
  return nullptr;
}

StageClass step_class(const ProcessFile& process, const Track& track) {
  return count_ever(process, track, StageClass::kWait) > 0 ? StageClass::kWait
                                                           : StageClass::kCompute;
}

}  // namespace

TimeWindow window_of_steps(const Recording& recording, const TraceTimeline& timeline,
                           const TraceIdentity& identity, StepRange steps) {
  const TraceThread* found = first_consumer(identity);
  if (found == nullptr)
    throw TraceSelectionError(
        "no steps can be selected: the recording has no consumer thread; use --from and --to");
  const TraceThread& consumer = *found;
  const ProcessFile& process = recording.processes()[consumer.process];
  const StepIndex index(process, *consumer.track, step_class(process, *consumer.track));
  if (steps.first >= steps.last)
    throw TraceSelectionError(fmt::format("steps {}:{} are none; the first number must be smaller",
                                          steps.first, steps.last));
  if (steps.first >= index.total())
    throw TraceSelectionError(fmt::format("there is no step {}: the recording has {} (from 0)",
                                          steps.first, index.total()));
  const TickMap& map = timeline.processes[consumer.process].map;
  const format::SpanRecord* first = index.find(steps.first);
  const format::SpanRecord* behind = steps.last < index.total() ? index.find(steps.last) : nullptr;
  if (first == nullptr || (behind == nullptr && steps.last < index.total()))
    throw TraceSelectionError(
        fmt::format("steps {}:{} were not kept one by one; steps 0:{} and {}:{} were", steps.first,
                    steps.last, index.kept_until(), index.kept_from(), index.total()));
  TimeWindow window;
  window.begin = std::max<std::int64_t>(map.ns(first->start), 0);
  if (behind != nullptr) window.end = std::max(map.ns(behind->start) - 1, window.begin);
  return window;
}

std::optional<WholeSteps> whole_steps(const Recording& recording, const TraceTimeline& timeline,
                                      const TraceIdentity& identity, TimeWindow within) {
  const TraceThread* consumer = first_consumer(identity);
  if (consumer == nullptr) return std::nullopt;
  const ProcessFile& process = recording.processes()[consumer->process];
  const StepIndex index(process, *consumer->track, step_class(process, *consumer->track));
  const TickMap& map = timeline.processes[consumer->process].map;
  std::optional<WholeSteps> whole;
  index.for_each([&](std::uint64_t number, const format::SpanRecord& span) {
    const std::int64_t start = map.ns(span.start);
    if (start < within.begin || start > within.end + 1) return;
    if (!whole) whole = WholeSteps{{start, start, within.deepest}, {number, number}};
    // The step before this one ends here.
    whole->window.end = std::max(start - 1, whole->window.begin);
    whole->steps.last = number;
  });
  if (whole && whole->steps.first == whole->steps.last) return std::nullopt;
  return whole;
}

}  // namespace datamon::report
