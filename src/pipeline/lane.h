// The way between the consumer and one worker, in memory that both share: requests one way,
// delivered batches the other, in the same order, by two counters.
//
// At most `prefetch` requests are outstanding and as many are kept, so none is overwritten before
// it was answered. Batch i (counted from 0) lies in the slot that request i named.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "pipeline/counter.h"
#include "pipeline/stage_timer.h"

namespace datamon::pipeline {

// Lives in shared memory: no pointers, no destructor.
struct alignas(64) Lane {
  Counter requested;  // raised by the consumer, after the request and its slot were filled
  Counter sent;       // raised by the worker, after the slot was filled

  // Filled by the worker, read by the consumer after `sent` rose or the worker ended.
  StageTotals totals{};
  std::uint64_t memory_bytes = 0;  // of its buffers and decoder

  // Why the worker gave up, if it did; the text is whole when failed is 1.
  std::atomic<std::uint32_t> failed{0};
  char failure[256] = {};

  // The slot number of request i: behind the lane, `prefetch` of them.
  std::uint32_t& request(std::uint32_t i, std::uint32_t prefetch) {
    return reinterpret_cast<std::uint32_t*>(this + 1)[i % prefetch];
  }
};

// What all workers share.
struct alignas(64) Control {
  StopFlag stop{0};                          // not 0: end, whatever you do
  std::atomic<std::int64_t> device_free{0};  // when the shared device is next free (slow_device.h)
};

// Reads `bytes` from a device that delivers `bytes_per_second` to all workers together: sleeps
// until the device would have delivered them. Requests are served one after the other.
void take_from_device(std::atomic<std::int64_t>& device_free, std::uint64_t bytes,
                      double bytes_per_second, const StopFlag& stop);

}  // namespace datamon::pipeline
