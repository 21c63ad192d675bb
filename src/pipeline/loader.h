// Gives the consumer one batch after the other, in order, made by workers ahead of it.
//
// Promise: the same source, options and seed give the same batches, bit for bit, whatever the
// number and kind of workers. Batch b is made by worker b mod workers; each worker has `prefetch`
// batches asked of it. All memory for batches is allocated by the constructor.
// Ownership: refers to the source, which must outlive it; owns workers and memory.
// Thread-safety: none; one consumer thread uses it, always the same.
// Errors: PipelineError: a worker died, an item could not be used and on_error is fail, memory
// cannot be had, options that make no sense.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "pipeline/batch.h"
#include "pipeline/batch_feed.h"
#include "pipeline/options.h"
#include "pipeline/source.h"
#include "pipeline/stage_timer.h"

namespace datamon::pipeline {

class Loader : public BatchFeed {
 public:
  // `interrupted`: not 0 ends waiting; next() then returns nothing. May be raised by a signal
  // handler. Must outlive the loader.
  Loader(const Source& source, const PipelineOptions& options, const StopFlag& interrupted);
  ~Loader() override;
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  std::optional<Batch> next() override;
  void stop() override;
  StageTotals totals() const override;
  std::uint64_t worker_memory_bytes() const override;
  const std::map<std::string, ItemProblem>& problems() const override;
  std::uint64_t failed_items() const override;
  std::uint64_t empty_batches() const override;
  StageClock& clock() override;
  std::uint64_t batches_per_epoch() const;

  static constexpr std::size_t kMaxProblems = 1000;

  // For what goes on with batches at the cut (GPU backends), where several are held at a time: a
  // batch is valid until SlotMemory::held_by_consumer() more have been taken.
  // As next(), within the caller's wait.
  std::optional<Batch> take(StageTimer& wait);
  // Gives back the batch that was taken last, which nobody looks at any more: it holds no good
  // item.
  void drop_latest();
  // Whether there is another one (or an interruption has not ended it).
  bool more() const;
  // Whether take() would return without waiting for a worker.
  bool ready() const;
  // Adds an item that turned out unusable after its worker was done with it to the batch's
  // failures; throws as next() when such are errors.
  void add_failure(Batch& batch, std::uint32_t item, const std::string& reason);
  // A held batch's parts, to put others in the place of such items.
  std::span<std::int32_t> labels_of(const Batch& batch);
  std::span<std::uint32_t> items_of(const Batch& batch);
  // The memory of all batches.
  std::span<std::byte> memory() const;
  // So far, of the batches taken.
  std::uint64_t resized_on_cpu() const;
  std::uint64_t decoded_on_cpu() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace datamon::pipeline
