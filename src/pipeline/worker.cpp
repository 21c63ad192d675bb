#include "pipeline/worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <exception>

#include "pipeline/batch_maker.h"

namespace datamon::pipeline {
namespace {

constexpr int kLookForLoaderEvery_ms = 200;

// Waits for request number `index`; false when the worker is to end.
bool wait_for_request(const WorkerJob& job, std::uint32_t index, bool (*orphaned)()) {
  while (job.control.stop.load(std::memory_order_relaxed) == 0) {
    const std::uint32_t requested = job.lane.requested.value();
    if (requested != index) return job.control.stop.load(std::memory_order_relaxed) == 0;
    job.lane.requested.wait(requested, kLookForLoaderEvery_ms);
    if (orphaned()) return false;
  }
  return false;
}

void send(const WorkerJob& job, StageClock& clock, const Slot& slot) {
  StageTimer timer(clock, Stage::send);
  timer.item(slot.header->batch);
  timer.delay();  // a slow hand-off delivers late
  slot.header->sent_ns = wall_ns();
  slot.header->sent_ticks = datamon_now();
  job.lane.sent.raise();
}

void work(const WorkerJob& job, bool (*orphaned)()) {
  thread(DATAMON_ROLE_WORKER, static_cast<std::uint32_t>(job.index),
         fmt::format("worker {}", job.index));
  StageClock clock(job.lane.totals, plan_slow(job.options.slow, job.index), job.control.stop);
  if (clock.slow.any) sharpen_sleep();
  StageTimer start(clock, Stage::init);
  BatchMaker maker(job.source, job.options, clock, job.control);
  let_pass({1, 0, clock.slow.start_ns}, 0, clock.stop);
  start.end();
  const auto prefetch = static_cast<std::uint32_t>(job.options.prefetch);
  for (std::uint32_t index = 0; wait_for_request(job, index, orphaned); ++index) {
    const Slot slot = job.slots.slot(job.lane.request(index, prefetch));
    if (!maker.make(slot)) return;
    job.lane.memory_bytes = maker.memory_bytes();
    send(job, clock, slot);
  }
}

void report_failure(Lane& lane, std::string_view what) {
  const std::size_t bytes = std::min(what.size(), sizeof lane.failure - 1);
  std::memcpy(lane.failure, what.data(), bytes);
  lane.failure[bytes] = '\0';
  lane.failed.store(1, std::memory_order_release);
  lane.sent.wake();
}

}  // namespace

void run_worker(const WorkerJob& job, bool (*orphaned)()) {
  try {
    work(job, orphaned);
  } catch (const std::exception& error) {
    report_failure(job.lane, error.what());
  }
}

}  // namespace datamon::pipeline
