#include "pipeline/lane.h"

#include <algorithm>

namespace datamon::pipeline {

void take_from_device(std::atomic<std::int64_t>& device_free, std::uint64_t bytes,
                      double bytes_per_second, const StopFlag& stop) {
  const auto cost_ns =
      static_cast<std::int64_t>(static_cast<double>(bytes) / bytes_per_second * 1e9);
  std::int64_t free = device_free.load(std::memory_order_relaxed);
  std::int64_t done = 0;
  do {
    done = std::max(free, wall_ns()) + cost_ns;
  } while (!device_free.compare_exchange_weak(free, done, std::memory_order_relaxed));
  sleep_until(done, stop);
}

}  // namespace datamon::pipeline
