// Gives the consumer one batch after the other, in order, made by workers ahead of it.
//
// Promise: the same source, options and seed give the same batches, bit for bit, whatever the
// number and kind of workers. Batch b is made by worker b mod workers; each worker has `prefetch`
// batches asked of it. All memory for batches is allocated by the constructor.
// Ownership: refers to the source, which must outlive it; owns workers and memory. A batch is valid
// until the next call of next().
// Thread-safety: none; one consumer thread uses it, always the same.
// Errors: PipelineError: a worker died, an item could not be used and on_error is fail, memory
// cannot be had, options that make no sense.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "pipeline/batch.h"
#include "pipeline/options.h"
#include "pipeline/source.h"
#include "pipeline/stage_timer.h"

namespace datamon::pipeline {

// An item that could not be used, and how often that was met.
struct ItemProblem {
  std::string reason;
  std::uint64_t times = 0;
};

class Loader {
 public:
  // `interrupted`: not 0 ends waiting; next() then returns nothing. May be raised by a signal
  // handler. Must outlive the loader.
  Loader(const Source& source, const PipelineOptions& options, const StopFlag& interrupted);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  // The next batch, or nothing after the last one. Batches without a good item are passed over.
  std::optional<Batch> next();

  // Ends the workers; next() must not be called again. What follows is whole only after this.
  void stop();
  // Per stage, of all workers and of the consumer.
  StageTotals totals() const;
  // Bytes of the buffers of all workers.
  std::uint64_t worker_memory_bytes() const;
  // By item name; at most kMaxProblems of them.
  const std::map<std::string, ItemProblem>& problems() const;
  std::uint64_t failed_items() const;   // all of them, replaced or not
  std::uint64_t empty_batches() const;  // passed over: no good item
  std::uint64_t batches_per_epoch() const;

  static constexpr std::size_t kMaxProblems = 1000;

  // For the consumer's own stages (compute).
  StageClock& clock();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace datamon::pipeline
