#include "pipeline/rates.h"

#include <fmt/format.h>

#include <algorithm>

#include "pipeline/consumer.h"
#include "pipeline/error.h"
#include "pipeline/gpu/device_feed.h"
#include "pipeline/ops/jpeg_decoder.h"

namespace datamon::pipeline {
namespace {

constexpr std::size_t kSampledImages = 512;
// Of the time for a placement: the run in which nothing overlaps, for the device's own times.
constexpr double kSerialShare = 1.0 / 3;

double each_us(double seconds, std::uint64_t count) {
  return count > 0 ? seconds * 1e6 / static_cast<double>(count) : 0;
}

constexpr std::uint64_t kFewestSteps = 3;

// For `seconds`, or as long as the fewest steps take.
RunSummary run_for(const Source& source, PipelineOptions options, double seconds,
                   const StopFlag& interrupted) {
  options.seconds = seconds;
  const RunSummary summary = run_pipeline(source, options, interrupted);
  if (summary.steps >= kFewestSteps || interrupted.load() != 0) return summary;
  options.seconds = 0;
  options.steps = kFewestSteps;
  return run_pipeline(source, options, interrupted);
}

// The images of all batches but the first, in the time after it: its wait is a start, not a rate.
double steady_rate(const RunSummary& summary) {
  const double steady_s = summary.run_s - summary.first_batch_s;
  const auto steps = static_cast<double>(summary.steps);
  if (summary.steps < 2 || !(steady_s > 0)) return summary.items_per_s;
  return static_cast<double>(summary.items) * (steps - 1) / steps / steady_s;
}

PlacementRate rate_of(const RunSummary& summary) {
  PlacementRate rate;
  rate.images = summary.items;
  rate.images_per_s = steady_rate(summary);
  // Of all that workers made, also of what nobody took.
  const std::uint64_t made = summary.totals[static_cast<std::size_t>(Stage::fetch)].count;
  rate.worker_cpu_us = each_us(summary.worker_cpu_s, made);
  rate.consumer_cpu_us = each_us(summary.consumer_cpu_s, summary.items);
  return rate;
}

// Two upper bounds of what the device needs. Without workers nothing overlaps, but what the host
// does between two of its parts counts as its time; with workers the parts of several batches
// overlap and count twice, but all of them together take no longer than the run.
void set_device_times(PlacementRate& rate, const RunSummary& overlapped, const RunSummary& serial) {
  const auto least = [&](double overlapped_s, double serial_s) {
    return std::min(each_us(std::min(overlapped_s, overlapped.run_s), overlapped.items),
                    each_us(serial_s, serial.items));
  };
  if (!overlapped.device || !serial.device) return;
  rate.device_us = least(overlapped.device->decode_s + overlapped.device->transform_s,
                         serial.device->decode_s + serial.device->transform_s);
  rate.copy_us = least(overlapped.device->copy_s, serial.device->copy_s);
}

// Without the flag that the reason is about.
std::string reason_of(const PipelineError& error, Backend backend) {
  const std::string text = error.what();
  const std::string flag = fmt::format("--backend {}: ", to_string(backend));
  return text.rfind(flag, 0) == 0 ? text.substr(flag.size()) : text;
}

}  // namespace

ImageStatistics image_statistics(const Source& source) {
  const std::size_t wanted = std::min(kSampledImages, source.size());
  ImageStatistics out;
  ReadBuffer buffer;
  JpegDecoder decoder;
  double pixels = 0, bytes = 0;
  for (std::size_t i = 0; i < wanted; ++i) {
    if (!source.read(i * source.size() / wanted, buffer).empty()) continue;
    const auto info = decoder.open(std::as_bytes(buffer.bytes()));
    if (!info) continue;
    out.images += 1;
    pixels += static_cast<double>(info->width) * info->height;
    bytes += static_cast<double>(buffer.bytes().size());
  }
  if (out.images == 0)
    throw PipelineError(source.path() + ": not one of " + std::to_string(wanted) +
                        " images can be read; there is nothing to measure");
  out.mean_pixels = pixels / static_cast<double>(out.images);
  out.mean_bytes = bytes / static_cast<double>(out.images);
  return out;
}

MeasuredRates measure_rates(const Source& source, PipelineOptions options, double seconds,
                            const StopFlag& interrupted) {
  options.epochs = options.steps = 0;
  options.compute_ms = 0;
  options.digest = false;
  options.slow.clear();
  options.worker_kind = WorkerKind::thread;  // processes cannot be forked once the GPU is in use
  MeasuredRates out;
  out.images = image_statistics(source);
  for (const Backend backend : kPlacements) {
    if (interrupted.load() != 0) break;
    const auto at = static_cast<std::size_t>(backend);
    options.backend = backend;
    if (backend == Backend::cpu) {
      out.rates[at] = rate_of(run_for(source, options, seconds, interrupted));
      continue;
    }
    try {
      gpu::check_gpu(options);
      const RunSummary overlapped =
          run_for(source, options, (1 - kSerialShare) * seconds, interrupted);
      PipelineOptions alone = options;
      alone.workers = 0;
      const RunSummary serial = run_for(source, alone, kSerialShare * seconds, interrupted);
      PlacementRate rate = rate_of(overlapped);
      set_device_times(rate, overlapped, serial);
      out.rates[at] = rate;
      if (overlapped.device) out.device = overlapped.device->name;
      if (overlapped.device && backend == Backend::gpu) out.decoder = overlapped.device->decoder;
    } catch (const PipelineError& error) {
      out.why_not[at] = reason_of(error, backend);
    }
  }
  return out;
}

}  // namespace datamon::pipeline
