// Who appears in a trace, under which numbers and names, and in which order.
//
// A consumer and all that works for it (its worker processes too) are one
// group, shown as one process: viewers sort processes by their own rules (the
// Perfetto UI by their number of slices), but keep the threads of one process
// in the order of their numbers. So the consumer stands on top and its workers
// below it. Every process that works for no consumer is a group of its own, and
// so is every device (trace_device_rows.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "report/builtin_stages.h"
#include "report/recording.h"
#include "report/trace_timeline.h"

namespace datamon::report {

struct TraceThread {
  std::size_t process = 0;  // index in Recording::processes()
  std::size_t group = 0;    // index in TraceIdentity::groups
  const Track* track = nullptr;
  std::uint64_t tid = 0;  // unique in the whole trace
  std::string name;       // raw bytes
  bool device = false;    // its intervals are drawn as slices

  bool draws(const format::SpanRecord& span) const {
    return device || (span.flags & format::kSpanInterval) == 0;
  }
};

struct TraceGroup {
  std::uint64_t pid = 0;  // unique in the whole trace
  std::string name;       // raw bytes
};

struct TraceIdentity {
  std::vector<TraceGroup> groups;          // in the order to be shown
  std::vector<TraceThread> threads;        // likewise, those of a group together
  std::vector<std::size_t> group_of;       // as Recording::processes()
  std::vector<std::string> process_name;   // likewise: "worker 3 (pid 1004)"
  std::vector<TraceGroup> machines;        // by host: the sampler's counters
  std::vector<TraceGroup> process_meters;  // by host: each process's CPU and memory
};

TraceIdentity identify(const Recording& recording, const TraceTimeline& timeline);

// Has a span of this track ever had this stage? From the cells, which are kept
// for the whole run.
bool has_stage(const Track& track, std::uint16_t stage);

// Roles beyond the known ones (a newer monitor, damage) are kOther.
Role role_of(const Track& track);

// The command line as the monitor noted it, "" if it did not.
std::string_view job_command(const ProcessFile& process);

// Does this thread send what its process's worker made (a queue's feeder)?
bool is_feeder(const ProcessFile& process, const Track& track);

// Does this thread take batches? It said so, or it waits for input.
bool is_consumer(const Track& track);

}  // namespace datamon::report
