// Who appears in a trace: every process and thread with a numeric id that no
// other has, a name that a person understands, and a place in the order
// (each consumer first, its workers in their order, the rest).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "report/builtin_stages.h"
#include "report/recording.h"
#include "report/trace_timeline.h"

namespace datamon::report {

inline constexpr std::size_t kNoProcess = static_cast<std::size_t>(-1);

struct TraceThread {
  std::size_t process = 0;  // index in Recording::processes()
  const Track* track = nullptr;
  std::uint64_t tid = 0;
  std::string name;  // raw bytes
};

struct TraceProcess {
  std::uint64_t pid = 0;
  std::string name;  // raw bytes
  // Which consumer the process works for: index of that process, or kNoProcess.
  std::size_t consumer = kNoProcess;
};

struct TraceIdentity {
  std::vector<TraceProcess> processes;     // as Recording::processes()
  std::vector<std::size_t> process_order;  // indices, first to be shown first
  std::vector<TraceThread> threads;        // in the order to be shown
  std::vector<std::uint64_t> machine_pid;  // by host: carries the machine's counters
  std::vector<std::string> machine_name;
  std::uint64_t notes_pid = 0;  // carries what the trace says about itself
};

TraceIdentity identify(const Recording& recording, const Timeline& timeline);

// Has a span of this track ever had this stage? From the cells, which are kept
// for the whole run.
bool has_stage(const Track& track, std::uint16_t stage);

// Roles beyond the known ones (a newer monitor, damage) are kOther.
Role role_of(const Track& track);

// Does this thread take batches? It said so, or it waits for input.
bool is_consumer(const Track& track);

}  // namespace datamon::report
