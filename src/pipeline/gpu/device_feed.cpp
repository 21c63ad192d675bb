#include "pipeline/gpu/device_feed.h"

#include <cuda_runtime_api.h>
#include <fmt/format.h>

#include "pipeline/error.h"
#include "pipeline/gpu/device_lane.h"
#include "pipeline/memory.h"

namespace datamon::pipeline::gpu {
namespace {

// A usual image of this many pixels: four to three.
int usual_height(int pixels) {
  int height = 1;
  while (height * height * 4 / 3 < pixels) height += 1;
  return height;
}

void check_free_memory(const PipelineOptions& options) {
  std::size_t free_bytes = 0, all_bytes = 0;
  check(cudaMemGetInfo(&free_bytes, &all_bytes), "say how much memory it has");
  const std::uint64_t needed = device_memory_for(options).device;
  if (needed <= free_bytes) return;
  const int fits = largest_batch(options, free_bytes);
  throw PipelineError(fmt::format(
      "--backend {}: {} batches on the GPU take {} MiB, but only {} MiB of its memory are free; {}",
      to_string(options.backend), kDeviceLanes, needed >> 20, free_bytes >> 20,
      fits > 0 ? fmt::format("--batch {} fits, as would a smaller --image-pixels", fits)
               : "use a smaller --size or --image-pixels"));
}

class DeviceFeed final : public BatchFeed {
 public:
  DeviceFeed(const Source& source, const PipelineOptions& options, const StopFlag& interrupted)
      : options_(options),
        interrupted_(interrupted),
        loader_(source, options_, interrupted),  // forks its workers before CUDA starts
        device_start_(options_),
        pinned_(loader_.memory()) {
    summary_.name = device_start_.name;
    make_decoder();
    summary_.decoder = decoder_ != nullptr ? decoder_->describe() : "the CPU";
    for (int i = 0; i < kDeviceLanes; ++i) {
      lanes_.push_back(std::make_unique<DeviceLane>(options_, i, decoder_.get()));
      summary_.device_bytes += lanes_.back()->device_bytes();
    }
  }
  ~DeviceFeed() override { cudaDeviceSynchronize(); }  // nothing may still use the memory

  std::optional<Batch> next() override {
    if (released_ && loader_.more()) acquire();
    while (in_flight_ > 0 || loader_.more()) {
      if (interrupted_.load(std::memory_order_relaxed) != 0) break;
      StageTimer wait(loader_.clock(), Stage::wait);
      if (in_flight_ == 0 && !start_one(wait)) continue;
      // What workers have finished goes to the device now, to be there when it is wanted. The lane
      // of the batch that the consumer held is free again.
      while (in_flight_ < kDeviceLanes && loader_.ready()) start_one(wait);
      Batch batch = lane(oldest_).finish(summary_);
      wait.item(batch.number);
      oldest_ = (oldest_ + 1) % kDeviceLanes;
      --in_flight_;
      return batch;
    }
    return std::nullopt;
  }

  void release() override {
    for (int i = 0; i < kDeviceLanes; ++i)
      lane((oldest_ + i) % kDeviceLanes).release(i < in_flight_);
    decoder_.reset();
    released_ = true;
  }

  void stop() override { loader_.stop(); }
  StageTotals totals() const override { return loader_.totals(); }
  std::uint64_t worker_memory_bytes() const override { return loader_.worker_memory_bytes(); }
  const std::map<std::string, ItemProblem>& problems() const override { return loader_.problems(); }
  std::uint64_t failed_items() const override { return loader_.failed_items(); }
  std::uint64_t empty_batches() const override { return loader_.empty_batches() + empty_; }
  StageClock& clock() override { return loader_.clock(); }

  std::optional<DeviceSummary> device() const override {
    DeviceSummary summary = summary_;
    summary.decoded_on_cpu += loader_.decoded_on_cpu();
    summary.resized_on_cpu = loader_.resized_on_cpu();
    if (decoder_ != nullptr) {
      summary.nvjpeg_device_bytes = decoder_->device_bytes();
      summary.nvjpeg_pinned_bytes = decoder_->pinned_bytes();
      summary.device_bytes += summary.nvjpeg_device_bytes;
    }
    return summary;
  }

 private:
  // Makes the context and looks at the memory, between the start of the workers and the first pin.
  struct DeviceStart {
    explicit DeviceStart(const PipelineOptions& options)
        : name(check_device(to_string(options.backend))) {
      check_free_memory(options);
    }
    std::string name;
  };

  void make_decoder() {
    if (options_.backend != Backend::gpu) return;
    const int height = usual_height(options_.image_pixels);
    decoder_ =
        std::make_unique<NvjpegDecoder>(kDeviceLanes, options_.batch, height * 4 / 3, height);
  }

  void acquire() {
    if (decoder_ == nullptr) make_decoder();
    for (const auto& each : lanes_) each->acquire(decoder_.get());
    released_ = false;
  }

  DeviceLane& lane(int index) { return *lanes_[static_cast<std::size_t>(index)]; }

  // Takes a batch from the loader and starts it on the next lane; false when there was none, or
  // none of its items was any good.
  bool start_one(StageTimer& wait) {
    const auto batch = loader_.take(wait);
    if (!batch) return false;
    if (!lane((oldest_ + in_flight_) % kDeviceLanes).start(*batch, loader_, summary_)) {
      check(cudaDeviceSynchronize(), "work");
      loader_.drop_latest();  // the slots it may hold are those of the batches on the device
      ++empty_;
      if (++empty_in_a_row_ >= loader_.batches_per_epoch())
        throw PipelineError("not one image of a whole epoch could be used (--json names them)");
      return false;
    }
    empty_in_a_row_ = 0;
    ++in_flight_;
    return true;
  }

  const PipelineOptions options_;
  const StopFlag& interrupted_;
  Loader loader_;
  DeviceStart device_start_;
  PinnedRange pinned_;
  std::unique_ptr<NvjpegDecoder> decoder_;
  std::vector<std::unique_ptr<DeviceLane>> lanes_;
  int oldest_ = 0, in_flight_ = 0;
  bool released_ = false;
  std::uint64_t empty_ = 0, empty_in_a_row_ = 0;
  DeviceSummary summary_;
};

}  // namespace

void check_gpu(const PipelineOptions& options) {
  check_device(to_string(options.backend));
  if (options.backend == Backend::gpu) NvjpegDecoder::check();
  if (options.new_workers && options.workers > 0 && options.worker_kind == WorkerKind::process)
    throw PipelineError(
        fmt::format("--backend {}: worker processes cannot be started anew once the GPU is in use; "
                    "use --worker-kind thread, or leave out --new-workers",
                    to_string(options.backend)));
}

std::unique_ptr<BatchFeed> make_device_feed(const Source& source, const PipelineOptions& options,
                                            const StopFlag& interrupted) {
  check_gpu(options);
  return std::make_unique<DeviceFeed>(source, options, interrupted);
}

}  // namespace datamon::pipeline::gpu
