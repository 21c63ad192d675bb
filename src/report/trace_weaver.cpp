#include "report/trace_weaver.h"

#include <fmt/format.h>

#include <algorithm>
#include <queue>
#include <set>
#include <tuple>
#include <utility>

namespace datamon::report {

struct TraceWeaver::Lane {
  Lane(const TraceThread& thread, std::uint32_t number, std::uint64_t pid, const ProcessTime& time,
       const TraceStages& table)
      : index(number),
        group(static_cast<std::uint32_t>(thread.group)),
        loader(thread.track->record.loader),
        stages(&table),
        map(&time.map),
        place(pid, thread.tid),
        reader(*thread.track, time, thread.device ? TraceReader::kMostAhead : 0) {}

  std::uint32_t index;  // in TraceIdentity::threads
  std::uint32_t group;  // in TraceIdentity::groups
  std::uint32_t loader;
  ArrowPart arrow = ArrowPart::kNone;  // which of its slices arrows begin or end in
  const TraceStages* stages;
  const TraceDeviceWork* device = nullptr;  // a row of a device
  const TickMap* map;
  TracePlace place;
  TraceReader reader;
  TraceLayout layout;
  std::int64_t keep_from = kLastTraceNs;  // a slow item that is shown whole began here
};

namespace {

bool uses(const TraceStages& stages, const Track& track, ArrowPart part) {
  return std::any_of(track.cells.begin(), track.cells.end(), [&](const format::Cell* cell) {
    return stages.of(cell->stage).arrow == part;
  });
}

// Whom a feeder thread sends for: process, loader, number of the worker.
using Place = std::tuple<std::size_t, std::uint32_t, std::uint32_t>;

Place place_of(const TraceThread& thread) {
  return {thread.process, thread.track->record.loader, thread.track->record.index};
}

bool sends_numbered(const TraceStages& stages, const Track& track) {
  for (const auto& block : track.spans)
    for (const format::SpanRecord& span : block)
      if (span.id != format::kNoId && stages.of(span.stage).arrow == ArrowPart::kSend) return true;
  return false;
}

// Arrows go from where a worker or its feeder sends a batch (or the worker made it)
// to where the consumer receives (or uses) it.
ArrowPart arrow_of(const TraceStages& stages, const TraceThread& thread,
                   const std::set<Place>& with_feeder) {
  const Track& track = *thread.track;
  const bool fed = with_feeder.contains(place_of(thread));
  if (fed && role_of(track) == Role::kWorker) return ArrowPart::kNone;
  if (fed && role_of(track) == Role::kPin) return ArrowPart::kSend;
  if (role_of(track) == Role::kPin || role_of(track) >= Role::kSampler) return ArrowPart::kNone;
  if (is_consumer(track))
    return uses(stages, track, ArrowPart::kReceive) ? ArrowPart::kReceive : ArrowPart::kCompute;
  return uses(stages, track, ArrowPart::kSend) ? ArrowPart::kSend : ArrowPart::kCollate;
}

}  // namespace

TraceWeaver::TraceWeaver(const Recording& recording, const TraceTimeline& timeline,
                         const TraceIdentity& identity, const TraceSelection& selection,
                         TraceEvents& events)
    : selection_(selection), events_(events) {
  counts_.selected.in_window.resize(selection.windows.size());
  for (const ProcessFile& process : recording.processes()) {
    stages_.push_back(std::make_unique<TraceStages>(process));
    for (const Stage& stage : process.stages) many_loaders_ = many_loaders_ || stage.loader != 0;
    for (const Track& track : process.tracks)
      many_loaders_ = many_loaders_ || track.record.loader != 0;
  }
  std::set<Place> with_feeder;
  for (const TraceThread& thread : identity.threads)
    if (is_feeder(recording.processes()[thread.process], *thread.track) &&
        sends_numbered(*stages_[thread.process], *thread.track))
      with_feeder.insert(place_of(thread));
  lanes_.reserve(identity.threads.size());
  for (std::size_t i = 0; i < identity.threads.size(); ++i) {
    const TraceThread& thread = identity.threads[i];
    lanes_.emplace_back(thread, static_cast<std::uint32_t>(i), identity.groups[thread.group].pid,
                        timeline.processes[thread.process], *stages_[thread.process]);
    lanes_.back().arrow = arrow_of(*stages_[thread.process], thread, with_feeder);
    if (thread.device)
      lanes_.back().device =
          &devices_.try_emplace(thread.process, recording.processes()[thread.process])
               .first->second;
  }
}

TraceWeaver::~TraceWeaver() = default;

WeaverCounts TraceWeaver::weave() {
  using Next = std::pair<std::int64_t, std::uint32_t>;  // end of a lane's next span, lane
  std::priority_queue<Next> next;
  for (const Lane& lane : lanes_)
    if (!lane.reader.done()) next.emplace(lane.reader.span().end, lane.index);
  while (!next.empty()) {
    Lane& lane = lanes_[next.top().second];
    next.pop();
    const std::int64_t until = next.empty() ? -1 : next.top().first;
    do {
      step(lane);
      lane.reader.next();
    } while (!lane.reader.done() && lane.reader.span().end >= until);
    if (!lane.reader.done()) next.emplace(lane.reader.span().end, lane.index);
  }
  for (auto& [key, counter] : intervals_) counter.finish(selection_.windows.front().begin, events_);
  for (const Lane& lane : lanes_) counts_.damaged += lane.reader.damaged();
  return counts_;
}

void TraceWeaver::step(Lane& lane) {
  if (lane.device != nullptr) return device_slice(lane);
  const TraceSpan& span = lane.reader.span();
  const TraceStage& stage = lane.stages->of(span.stage);
  if (span.flags & format::kSpanInterval) return interval(lane, stage);
  if (selected(lane)) return slice(lane, stage);
  ++counts_.selected.left_out;
  // Its other end must not find another epoch's batch of the same number.
  if (begins_or_ends_arrow(lane, stage)) arrow(lane, stage, span.start, false);
}

// In a window, one of the slowest items, or inside of one.
bool TraceWeaver::selected(Lane& lane) {
  const TraceSpan& span = lane.reader.span();
  const bool in_slow = !selection_.slow.empty() && inside_slow(lane);
  const std::size_t window = selection_.window_of(span.start, span.end, span.depth);
  if (window < selection_.windows.size())
    ++counts_.selected.in_window[window];
  else if (in_slow)
    ++counts_.selected.slow;
  else
    return false;
  return true;
}

bool TraceWeaver::inside_slow(Lane& lane) {
  const TraceSpan& span = lane.reader.span();
  if (span.slow != nullptr &&
      std::binary_search(selection_.slow.begin(), selection_.slow.end(), span.slow))
    lane.keep_from = span.start;
  if (span.start >= lane.keep_from) return true;
  lane.keep_from = kLastTraceNs;
  return false;
}

bool TraceWeaver::begins_or_ends_arrow(const Lane& lane, const TraceStage& stage) {
  return stage.arrow != ArrowPart::kNone && stage.arrow == lane.arrow &&
         lane.reader.span().id != format::kNoId;
}

void TraceWeaver::slice(Lane& lane, const TraceStage& stage) {
  const TraceSpan& span = lane.reader.span();
  const bool arrow_here = begins_or_ends_arrow(lane, stage);
  const auto at = lane.layout.place(span.start, span.end, span.depth, arrow_here);
  if (!at) {
    ++counts_.squeezed;
    return;
  }
  if (span.id != format::kNoId && (stage.item || span.slow != nullptr)) {
    ItemArgs item{span.id, span.bytes, {}};
    if (span.slow != nullptr) item.name = {span.slow->name, span.slow->name_bytes};
    events_.slice(stage, lane.place, *at, item);
  } else {
    events_.slice(stage, lane.place, *at);
  }
  if (arrow_here) arrow(lane, stage, at->start, true);
}

// Work of one stream that overlaps (a kernel may begin before the one before it has
// ended) is cut as everything is; then it says how long it lasted.
void TraceWeaver::device_slice(Lane& lane) {
  constexpr std::int64_t kRounding_ns = 1000;
  const TraceSpan& span = lane.reader.span();
  if (!selected(lane)) {
    ++counts_.selected.left_out;
    return;
  }
  const auto at = lane.layout.place(span.start, span.end, TraceLayout::kUnknownDepth, false);
  if (!at) {
    ++counts_.squeezed;
    return;
  }
  const TraceDeviceStage& stage = lane.device->of(span.stage);
  DeviceArgs args;
  if (!stage.kernel) args.bytes = span.bytes;
  args.memory = stage.memory;
  const std::int64_t launched = span.id != format::kNoId ? lane.map->ns(span.id) : -1;
  if (launched >= 0 && launched <= span.end) {
    args.launched = launched;
    args.queued = std::max<std::int64_t>(0, span.start - launched);
  }
  if (span.end - span.start > at->end - at->start + kRounding_ns)
    args.lasted = span.end - span.start;
  const std::string_view head =
      stage.kernel ? lane.device->kernel_head(stage, span.bytes) : std::string_view(stage.head);
  events_.device_slice(head, lane.place, *at, args);
}

void TraceWeaver::arrow(Lane& lane, const TraceStage& stage, std::int64_t start, bool written) {
  const std::uint64_t batch = lane.reader.span().id;
  const std::uint32_t loader = stage.own_loader ? stage.loader : lane.loader;
  const BatchKey key{lane.group, loader, batch};
  const FlowEnd end{start, lane.index, written};
  const bool sends = lane.arrow == ArrowPart::kSend || lane.arrow == ArrowPart::kCollate;
  const auto flow = sends ? flows_.sent(key, end) : flows_.received(key, end);
  if (flow && flow->send.written && flow->receive.written)
    events_.arrow(batch, lanes_[flow->send.thread].place, flow->send.start,
                  lanes_[flow->receive.thread].place, flow->receive.start);
}

void TraceWeaver::interval(Lane& lane, const TraceStage& stage) {
  const TraceSpan& span = lane.reader.span();
  const std::uint32_t loader = stage.own_loader ? stage.loader : lane.loader;
  // Last first, so the windows too: each piece falls to zero at its window's end.
  for (auto window = selection_.windows.rbegin(); window != selection_.windows.rend(); ++window) {
    if (!window->touches(span.start, span.end)) continue;
    const std::int64_t start = std::max(span.start, window->begin);
    const std::int64_t end = std::min(span.end, window->end);
    counter(lane, stage, loader, true).add(start, end, events_);
    if (many_loaders_) counter(lane, stage, loader, false).add(start, end, events_);
  }
}

IntervalCounter& TraceWeaver::counter(const Lane& lane, const TraceStage& stage,
                                      std::uint32_t loader, bool of_all) {
  const bool queue = stage.stage_class == StageClass::kHandoff && stage.name == "queue";
  std::string name = queue ? "batches ready" : stage.name + " under way";
  if (!of_all) name += fmt::format(", loader {}", loader);
  const std::uint64_t pid = lane.place.pid;
  const auto place = intervals_.find(CounterKey{pid, name});
  if (place != intervals_.end()) return place->second;
  return intervals_.emplace(CounterKey{pid, name}, IntervalCounter(pid, name)).first->second;
}

}  // namespace datamon::report
