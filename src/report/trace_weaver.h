// Writes the slices, arrows and interval counters of all threads in one pass,
// last first, so that nothing but open ancestors and half arrows is kept.
// Used by one thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "report/recording.h"
#include "report/trace_device_work.h"
#include "report/trace_events.h"
#include "report/trace_flows.h"
#include "report/trace_identity.h"
#include "report/trace_intervals.h"
#include "report/trace_layout.h"
#include "report/trace_reader.h"
#include "report/trace_selection.h"
#include "report/trace_stages.h"
#include "report/trace_timeline.h"

namespace datamon::report {

struct WeaverCounts {
  SelectedCounts selected;
  std::uint64_t squeezed = 0, damaged = 0;
};

class TraceWeaver {
 public:
  TraceWeaver(const Recording& recording, const TraceTimeline& timeline,
              const TraceIdentity& identity, const TraceSelection& selection, TraceEvents& events);
  ~TraceWeaver();

  // Writes everything.
  WeaverCounts weave();

 private:
  struct Lane;  // one thread

  void step(Lane& lane);
  void interval(Lane& lane, const TraceStage& stage);
  void slice(Lane& lane, const TraceStage& stage);
  void device_slice(Lane& lane);
  void arrow(Lane& lane, const TraceStage& stage, std::int64_t start, bool written);
  IntervalCounter& counter(const Lane& lane, const TraceStage& stage, std::uint32_t loader,
                           bool of_all);
  bool selected(Lane& lane);
  bool inside_slow(Lane& lane);
  static bool begins_or_ends_arrow(const Lane& lane, const TraceStage& stage);

  const TraceSelection& selection_;
  TraceEvents& events_;
  std::vector<std::unique_ptr<TraceStages>> stages_;  // by process
  std::map<std::size_t, TraceDeviceWork> devices_;    // by process
  std::vector<Lane> lanes_;                           // as TraceIdentity::threads
  FlowMatcher flows_;
  struct CounterKey {
    std::uint64_t pid;
    std::string name;
    auto operator<=>(const CounterKey&) const = default;
  };
  std::map<CounterKey, IntervalCounter> intervals_;
  bool many_loaders_ = false;
  WeaverCounts counts_;
};

}  // namespace datamon::report
