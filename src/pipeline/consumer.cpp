#include "pipeline/consumer.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstring>

namespace datamon::pipeline {
namespace {

double seconds(std::int64_t ns) { return static_cast<double>(ns) * 1e-9; }

// Eight bytes at a time; not against attackers, but every bit counts.
std::uint64_t hash(std::span<const std::byte> bytes, std::uint64_t value) {
  constexpr std::uint64_t kPrime = 0x9e3779b97f4a7c15;
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, 8);
    value = (value ^ word) * kPrime;
    value ^= value >> 32;
  }
  for (; at < bytes.size(); ++at)
    value = (value ^ std::to_integer<std::uint64_t>(bytes[at])) * kPrime;
  return value ^ value >> 29;
}

// Of this process and of those it started that have ended.
double cpu_seconds() {
  double sum = 0;
  for (const auto whose : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    getrusage(whose, &usage);
    for (const timeval& time : {usage.ru_utime, usage.ru_stime})
      sum += static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  }
  return sum;
}

// What the report should know about the loader.
void write_notes(const PipelineOptions& options) {
  note("loader.name", "datamon-pipeline");
  note("loader.workers", fmt::format("{}", options.workers));
  note("loader.prefetch", fmt::format("{}", options.prefetch));
  note("loader.batch_size", fmt::format("{}", options.batch));
  note("loader.worker_kind", to_string(options.worker_kind));
  note("loader.backend", to_string(options.backend));
  if (options.backend == Backend::cpu) note("loader.decodes_crop", "1");
}

class Consumer {
 public:
  Consumer(BatchFeed& loader, const PipelineOptions& options, const StopFlag& interrupted)
      : loader_(loader), options_(options), interrupted_(interrupted) {
    // A slow consumer's factor is one of compute_ms, asleep or not; not of CPU time.
    double& factor = loader.clock().slow.stage[static_cast<std::size_t>(Stage::compute)].factor;
    compute_ns_ = static_cast<std::int64_t>(options.compute_ms * 1e6 * factor);
    factor = 1;
  }

  RunSummary run() {
    start_ns_ = wall_ns();
    while (!ended()) {
      const std::int64_t wait_start = wall_ns();
      const auto batch = loader_.next();
      const std::int64_t got = wall_ns();
      summary_.wait_s += seconds(got - wait_start);
      if (!batch) break;
      if (summary_.steps == 0) first_batch_ns_ = got;
      consume(*batch);
    }
    sum_up();
    return summary_;
  }

 private:
  bool ended() {
    if (options_.seconds > 0 && seconds(wall_ns() - start_ns_) >= options_.seconds) {
      summary_.ended_by = EndedBy::seconds;
      return true;
    }
    return false;
  }

  void consume(const Batch& batch) {
    const std::int64_t start = wall_ns();
    {
      StageTimer timer(loader_.clock(), Stage::compute);
      timer.item(batch.number);
      if (options_.digest) summary_.digest = digest_batch(batch, summary_.digest);
      compute();
    }
    summary_.compute_s += seconds(wall_ns() - start);
    ++summary_.steps;
    summary_.items += batch.count() - batch.failures.size();
    summary_.epochs = batch.epoch + 1;
  }

  // The stand-in for the model.
  void compute() {
    if (compute_ns_ <= 0) return;
    if (options_.compute == ComputeKind::burn) {
      burn(compute_ns_, interrupted_);
    } else {
      sleep_until(wall_ns() + compute_ns_, interrupted_);
    }
  }

  void sum_up() {
    const std::int64_t end_ns = wall_ns();
    if (interrupted_.load() != 0) {
      summary_.ended_by = EndedBy::signal;
    } else if (summary_.ended_by == EndedBy::data && options_.steps != 0 &&
               summary_.steps + loader_.empty_batches() >= options_.steps) {
      summary_.ended_by = EndedBy::steps;
    }
    summary_.run_s = seconds(end_ns - start_ns_);
    if (summary_.steps == 0) return;
    summary_.first_batch_s = seconds(first_batch_ns_ - start_ns_);
    const double steady = seconds(end_ns - first_batch_ns_);
    if (steady > 0) summary_.input_wait_share = (summary_.wait_s - summary_.first_batch_s) / steady;
    summary_.items_per_s = static_cast<double>(summary_.items) / summary_.run_s;
    summary_.steps_per_s = static_cast<double>(summary_.steps) / summary_.run_s;
  }

  BatchFeed& loader_;
  const PipelineOptions& options_;
  const StopFlag& interrupted_;
  std::int64_t compute_ns_ = 0;
  RunSummary summary_;
  std::int64_t start_ns_ = 0, first_batch_ns_ = 0;
};

}  // namespace

const char* to_string(EndedBy ended_by) {
  switch (ended_by) {
    case EndedBy::data:
      return "data";
    case EndedBy::steps:
      return "steps";
    case EndedBy::seconds:
      return "seconds";
    case EndedBy::signal:
      return "signal";
  }
  return "?";
}

std::uint64_t digest_batch(const Batch& batch, std::uint64_t before) {
  std::uint64_t value = hash(batch.pixels, before ^ batch.number);
  value = hash(std::as_bytes(batch.labels), value);
  return hash(std::as_bytes(batch.items), value);
}

RunSummary run_pipeline(const Source& source, const PipelineOptions& options,
                        const StopFlag& interrupted) {
  thread(DATAMON_ROLE_CONSUMER, 0, "consumer");
  write_notes(options);
  const std::int64_t start = wall_ns();
  const double all_cpu_before = cpu_seconds();
  const std::int64_t own_cpu_before = thread_cpu_ns();
  Span init(DATAMON_INIT);
  const auto feed = make_feed(source, options, interrupted);
  BatchFeed& loader = *feed;
  init.end();
  const double start_s = seconds(wall_ns() - start);
  const double cpu_before = cpu_seconds();
  const std::int64_t consuming_from = thread_cpu_ns();
  RunSummary summary = Consumer(loader, options, interrupted).run();
  summary.consumer_cpu_s = seconds(thread_cpu_ns() - consuming_from);
  loader.stop();
  const double all_cpu = cpu_seconds();
  summary.cpu_s = all_cpu - cpu_before;
  // Making the feed (a GPU's context) is the consumer's own time, and no worker's.
  summary.worker_cpu_s =
      std::max(0.0, all_cpu - all_cpu_before - seconds(thread_cpu_ns() - own_cpu_before));
  summary.start_s = start_s;
  summary.totals = loader.totals();
  summary.memory = memory_for(options);
  summary.worker_memory_bytes = loader.worker_memory_bytes();
  summary.problems = loader.problems();
  summary.failed_items = loader.failed_items();
  summary.empty_batches = loader.empty_batches();
  summary.device = loader.device();
  return summary;
}

}  // namespace datamon::pipeline
