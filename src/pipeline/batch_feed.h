// Where a job takes its batches from: the loader on the CPU, or the GPU behind it.
//
// Ownership: a batch is valid until the next call of next(). Thread-safety: none; one consumer
// thread. Errors: PipelineError.
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

// What a run on the GPU was like. Times are the device's own, from events on its streams; they
// overlap with one another and with the consumer.
struct DeviceSummary {
  std::string name;        // "NVIDIA H100 80GB HBM3"
  std::string decoder;     // "nvJPEG 13.0, 7 hardware engines", or "the CPU"
  double copy_s = 0;       // host to device
  double decode_s = 0;     // JPEGs on the device
  double transform_s = 0;  // the fused kernel and its weights
  std::uint64_t copied_bytes = 0;
  std::uint64_t decoded_on_gpu = 0;  // items
  std::uint64_t decoded_on_cpu = 0;  // backend gpu: not for the GPU, no room, or refused by it
  std::uint64_t resized_on_cpu = 0;  // items that did not fit otherwise
  std::uint64_t device_bytes = 0;    // really allocated, nvJPEG's included
  std::uint64_t nvjpeg_device_bytes = 0;
  std::uint64_t nvjpeg_pinned_bytes = 0;
};

class BatchFeed {
 public:
  virtual ~BatchFeed() = default;

  // The next batch, or nothing after the last one. Batches without a good item are passed over.
  virtual std::optional<Batch> next() = 0;

  // For a feed that idles for a while (validation, between its epochs): gives its GPU memory back,
  // but for the finished pixels of batches that are on the device already. The batch that next()
  // gave is no longer valid. The next next() takes the memory again; it throws when that is gone by
  // then, and may be called again when there is room. Without a GPU there is nothing to give.
  virtual void release() {}

  // Ends the workers; next() must not be called again. What follows is whole only after this.
  virtual void stop() = 0;
  // Per stage, of all workers and of the consumer.
  virtual StageTotals totals() const = 0;
  // Bytes of the buffers of all workers.
  virtual std::uint64_t worker_memory_bytes() const = 0;
  // By item name; at most kMaxProblems of them.
  virtual const std::map<std::string, ItemProblem>& problems() const = 0;
  virtual std::uint64_t failed_items() const = 0;   // all of them, replaced or not
  virtual std::uint64_t empty_batches() const = 0;  // passed over: no good item
  // For the consumer's own stages (compute).
  virtual StageClock& clock() = 0;
  // Of the GPU, where there is one in it.
  virtual std::optional<DeviceSummary> device() const { return std::nullopt; }
};

// The feed for options.backend. Throws PipelineError as Loader does, and when the backend needs
// what is not there: the message names it.
std::unique_ptr<BatchFeed> make_feed(const Source& source, const PipelineOptions& options,
                                     const StopFlag& interrupted);

}  // namespace datamon::pipeline
