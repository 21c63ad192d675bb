// What an image costs in each placement of the recipe, measured here: how fast, on which resource,
// and for what images. From this `datamon forecast` works out what a placement would bring a job
// (docs/gpu.md).
//
// Thread-safety: one measurement a process at a time, on the thread that is to be the consumer.
// Errors: PipelineError where the images or the CPU cannot be measured; a placement that cannot run
// here is a value that says why.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "pipeline/options.h"
#include "pipeline/source.h"
#include "pipeline/stage_timer.h"

namespace datamon::pipeline {

inline constexpr std::array<Backend, 3> kPlacements{Backend::cpu, Backend::hybrid, Backend::gpu};

// Times are of one image, in microseconds.
struct PlacementRate {
  std::uint64_t images = 0;    // that were measured
  double images_per_s = 0;     // without the first batch, whose wait is a start
  double worker_cpu_us = 0;    // CPU time of all threads but the consumer's: makes it
  double consumer_cpu_us = 0;  // of the consumer's: takes it, and starts what the GPU does
  // Of the GPU, upper bounds: decoding and transforms, which the model's kernels wait for; copies,
  // which run beside those. 0 on the CPU.
  double device_us = 0;
  double copy_us = 0;
};

// Of a sample of the data set, evenly spread over it.
struct ImageStatistics {
  std::size_t images = 0;
  double mean_pixels = 0;
  double mean_bytes = 0;
};

struct MeasuredRates {
  ImageStatistics images;
  std::string device, decoder;  // "" where there is none
  // By Backend. Where there is no rate, why not.
  std::array<std::optional<PlacementRate>, kPlacements.size()> rates;
  std::array<std::string, kPlacements.size()> why_not;

  const std::optional<PlacementRate>& of(Backend backend) const {
    return rates[static_cast<std::size_t>(backend)];
  }
};

// Runs every placement that can run here for `seconds` (at least a few batches) with `options`
// (whose backend, end and knobs do not count), the CPU first. Precondition: options.workers > 0.
// `interrupted`: not 0 ends it early; what was measured by then means nothing.
MeasuredRates measure_rates(const Source& source, PipelineOptions options, double seconds,
                            const StopFlag& interrupted);

// Throws PipelineError when not one image of the sample can be read.
ImageStatistics image_statistics(const Source& source);

}  // namespace datamon::pipeline
