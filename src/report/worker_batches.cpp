#include "report/worker_batches.h"

#include <algorithm>
#include <array>
#include <map>

namespace datamon::report {
namespace {

using format::SpanRecord;

// The feeder may be done before the worker's own, tiny send has ended.
constexpr double kSendBegins_s = 1e-3;

// The format's nesting limit is 64; a byte cannot say more than 255.
constexpr int kDepths = 257;

class BatchCollector {
 public:
  BatchCollector(const LoaderTrack& track, int loader) : track_(track) {
    for (const StageFacts& facts : *track.stages) {
      const bool ours = loader_of(facts, *track.track) == loader && !facts.residence;
      classes_.push_back(ours && makes_batches(facts.stage_class) ? facts.stage_class
                                                                  : StageClass::kOther);
    }
    reset();
  }

  TrackBatches run() {
    const Track& track = *track_.track;
    std::uint64_t expected = 0;
    for (std::size_t i = 0; i < track.spans.size(); ++i) {
      if (track.spans_before[i] != expected) reset();
      for (const SpanRecord& span : track.spans[i]) add(span);
      expected = track.spans_before[i] + track.spans[i].size();
    }
    flush();
    return {&track_, std::move(batches_)};
  }

 private:
  // Ticks of one batch so far.
  struct Open {
    std::array<std::uint64_t, kStageClasses> self = {};
    std::array<std::uint32_t, kStageClasses> spans = {};
    std::uint64_t start = UINT64_MAX, end = 0;
    std::uint64_t id = format::kNoId;
    std::uint64_t named_end = 0;  // when the collate (or send) that names it ended; 0: not yet
  };

  void reset() {
    nested_.fill(0);
    open_ = Open();
  }

  void add(const SpanRecord& span) {
    if ((span.flags & format::kSpanInterval) != 0) return;
    const std::uint64_t self = span.duration - std::min(nested_[span.depth + 1], span.duration);
    nested_[span.depth + 1] = 0;
    nested_[span.depth] += span.duration;
    const StageClass stage_class =
        span.stage < classes_.size() ? classes_[span.stage] : StageClass::kOther;
    if (stage_class == StageClass::kOther) return;
    const std::uint64_t end = span.start + span.duration;
    // A new batch begins with the first work behind the one that is named.
    // A feeder does nothing but hand over.
    const bool begins =
        stage_class != StageClass::kHandoff || track_.handoff == HandoffThread::kFeeder;
    if (begins && open_.named_end != 0 && span.start >= open_.named_end) flush();
    const auto index = static_cast<std::size_t>(stage_class);
    open_.self[index] += self;
    ++open_.spans[index];
    open_.start = std::min(open_.start, span.start);
    open_.end = std::max(open_.end, end);
    if (stage_class == StageClass::kCollate) {
      open_.named_end = end;
      if (span.id != format::kNoId) open_.id = span.id;
    } else if (stage_class == StageClass::kHandoff && span.id != format::kNoId) {
      if (open_.named_end == 0) open_.named_end = end;
      if (open_.id == format::kNoId) open_.id = span.id;
    }
  }

  void flush() {
    if (open_.named_end != 0) {
      BatchSample& batch = batches_.emplace_back();
      batch.id = open_.id;
      batch.consumer = static_cast<std::uint32_t>(track_.consumer);
      batch.worker = track_.kind == TrackKind::kWorker ? track_.index : -1;
      batch.start_s = track_.axis.at(open_.start);
      batch.end_s = track_.axis.at(open_.end);
      for (int i = 0; i < kStageClasses; ++i) batch.self_s[i] = track_.axis.lasting(open_.self[i]);
      batch.items = items();
    }
    open_ = Open();
  }

  std::uint32_t items() const {
    for (const StageClass one_by_one :
         {StageClass::kFetch, StageClass::kDecode, StageClass::kRead, StageClass::kTransform})
      if (const auto n = open_.spans[static_cast<std::size_t>(one_by_one)]; n > 1) return n;
    return 0;
  }

  const LoaderTrack& track_;
  std::vector<StageClass> classes_;  // kOther: not of this loader's batches
  std::array<std::uint64_t, kDepths> nested_;
  Open open_;
  std::vector<BatchSample> batches_;
};

}  // namespace

void hand_over(std::span<TrackBatches> makers, std::span<const TrackBatches> feeders) {
  using Place = std::pair<const ProcessFile*, int>;
  using Named = std::pair<std::uint64_t, double>;  // batch, when it was made or handed over
  std::map<Place, std::vector<std::pair<Named, const BatchSample*>>> by_place;
  for (const TrackBatches& feeder : feeders) {
    auto& named = by_place[{feeder.track->process, feeder.track->index}];
    for (const BatchSample& batch : feeder.batches)
      if (batch.id != format::kNoId) named.push_back({{batch.id, batch.end_s}, &batch});
  }
  for (auto& [place, named] : by_place) std::sort(named.begin(), named.end());
  for (TrackBatches& maker : makers) {
    const auto feeder = by_place.find({maker.track->process, maker.track->index});
    const bool fed = maker.track->kind == TrackKind::kWorker && feeder != by_place.end();
    for (BatchSample& batch : maker.batches) {
      if (!fed) {
        batch.ready_s = batch.end_s;
        continue;
      }
      // Batch numbers may start again with each epoch: the first one behind.
      const auto sent = std::lower_bound(
          feeder->second.begin(), feeder->second.end(),
          Named{batch.id, batch.end_s - kSendBegins_s},
          [](const auto& entry, const Named& wanted) { return entry.first < wanted; });
      if (sent == feeder->second.end() || sent->first.first != batch.id) continue;
      batch.ready_s = sent->second->end_s;
      for (const double self_s : sent->second->self_s) batch.feeder_s += self_s;
    }
  }
}

TrackBatches collect_batches(const LoaderTrack& track, int loader) {
  return BatchCollector(track, loader).run();
}

}  // namespace datamon::report
