// The workers of a loader, threads or forked processes behind one face: started together, watched,
// ended together.
//
// Ownership: owns the threads or child processes and the memory of the lanes; the destructor ends
// and waits for all of them. A forked worker dies with the process that started it.
// Thread-safety: none; the consumer's thread uses it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "pipeline/lane.h"
#include "pipeline/options.h"
#include "pipeline/slots.h"
#include "pipeline/source.h"

namespace datamon::pipeline {

struct Trouble {
  int worker = 0;
  std::string what;  // "worker 1 (process 4711) was killed by signal 9 (Killed)"
  std::string hint;  // what to do, or ""
};

class Crew {
 public:
  // Memory for the lanes; no worker runs yet. With 0 workers there is one lane, for the consumer.
  Crew(const Source& source, const PipelineOptions& options, const SlotMemory& slots);
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  // Starts all workers; the lanes start from 0. Throws PipelineError when that fails.
  void start();
  // Ends all workers and waits for them.
  void stop();

  Lane& lane(int worker) const;
  Control& control() const { return *control_; }

  // A worker that is no longer there, if there is one.
  std::optional<Trouble> trouble();

 private:
  void run_lane(int worker, bool (*orphaned)());
  void start_thread(int worker);
  void start_process(int worker);
  void end_processes();

  const Source& source_;
  const PipelineOptions& options_;
  const SlotMemory& slots_;
  Mapping memory_;  // Control, then the lanes
  std::size_t lane_bytes_;
  Control* control_;
  std::vector<std::thread> threads_;
  std::vector<pid_t> processes_;  // by worker; 0: ended and waited for
};

}  // namespace datamon::pipeline
