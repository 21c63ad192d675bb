// A counter in memory shared by threads or processes that one side raises and the other sleeps on
// (a futex). No lock is ever held, so a process killed at any point leaves it usable.
//
// Thread-safety: raise() from one side, the rest from any thread. Errors: none; waits end early on
// signals and timeouts, the caller looks at value() again.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

namespace datamon::pipeline {

class Counter {
 public:
  std::uint32_t value() const { return value_.load(std::memory_order_acquire); }

  // What was written before is seen by whoever sees the new value.
  void raise() {
    value_.fetch_add(1, std::memory_order_release);
    wake();
  }

  // Wakes all sleepers without a new value.
  void wake() { syscall(SYS_futex, &value_, FUTEX_WAKE, INT32_MAX, nullptr, nullptr, 0); }

  // Sleeps while the value is `seen`, at most `milliseconds`.
  void wait(std::uint32_t seen, int milliseconds) {
    const timespec limit{milliseconds / 1000, milliseconds % 1000 * 1'000'000L};
    syscall(SYS_futex, &value_, FUTEX_WAIT, seen, &limit, nullptr, 0);
  }

  void reset() { value_.store(0, std::memory_order_release); }

 private:
  std::atomic<std::uint32_t> value_{0};
  static_assert(sizeof(std::atomic<std::uint32_t>) == 4);
  static_assert(std::atomic<std::uint32_t>::is_always_lock_free);
};

}  // namespace datamon::pipeline
