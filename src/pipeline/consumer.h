// Runs a whole job: takes every batch, does a stand-in for the model's work with each, and sums up
// what happened.
//
// Thread-safety: one run a thread. Errors: PipelineError as Loader.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "pipeline/batch_feed.h"
#include "pipeline/memory.h"
#include "pipeline/options.h"
#include "pipeline/source.h"

namespace datamon::pipeline {

enum class EndedBy { data, steps, seconds, signal };
const char* to_string(EndedBy ended_by);

// Times are seconds of wall time.
struct RunSummary {
  EndedBy ended_by = EndedBy::data;
  std::uint64_t steps = 0;
  std::uint64_t items = 0;   // good ones that were consumed; stand-ins are not counted
  std::uint64_t epochs = 0;  // begun
  double start_s = 0;        // memory and workers, before the first wait
  double first_batch_s = 0;  // the first wait
  double run_s = 0;          // from the first wait's start to the end
  double wait_s = 0;         // all waits; the first one included
  double compute_s = 0;
  double cpu_s = 0;             // CPU time of this process and its workers, from start to end
  double worker_cpu_s = 0;      // of all but the consumer's thread, from before they started
  double consumer_cpu_s = 0;    // of the consumer's thread, from the first wait to the end
  double input_wait_share = 0;  // of the time after the first batch: waits / all
  double items_per_s = 0;       // items / run_s
  double steps_per_s = 0;
  StageTotals totals{};
  LoaderMemory memory;
  std::uint64_t worker_memory_bytes = 0;
  std::map<std::string, ItemProblem> problems;  // by item name
  std::uint64_t failed_items = 0;
  std::uint64_t empty_batches = 0;
  std::optional<DeviceSummary> device;  // with a GPU backend
  std::uint64_t digest = 0;             // of all batches in order; 0 unless asked for
};

RunSummary run_pipeline(const Source& source, const PipelineOptions& options,
                        const StopFlag& interrupted);

// A hash of a batch's pixels, labels and items, on top of the hash of those before it.
std::uint64_t digest_batch(const Batch& batch, std::uint64_t before);

}  // namespace datamon::pipeline
