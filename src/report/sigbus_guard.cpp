#include "report/sigbus_guard.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <mutex>

namespace datamon::report {

// Ranges form a list that only grows: the handler may walk it at any time. A
// range whose mapping is gone has begin == 0 and is used again.
struct SigbusGuard::Range {
  std::atomic<std::uintptr_t> begin{0};
  std::atomic<std::uintptr_t> end{0};
  std::atomic<bool> hit{false};
  Range* next = nullptr;
};

struct SigbusGuard::Access {
  static inline std::atomic<Range*> ranges{nullptr};
  static inline struct sigaction previous {};
  static inline std::mutex mutex;
  static inline bool installed = false;

  static Range* find(std::uintptr_t address) {
    for (Range* range = ranges.load(std::memory_order_acquire); range != nullptr;
         range = range->next) {
      const std::uintptr_t begin = range->begin.load(std::memory_order_acquire);
      if (begin != 0 && address >= begin && address < range->end.load(std::memory_order_relaxed))
        return range;
    }
    return nullptr;
  }

  static void on_sigbus(int, siginfo_t* info, void*) {
    const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
    if (Range* range = find(address)) {
      const auto page = static_cast<std::uintptr_t>(4096);
      const std::uintptr_t from = address & ~(page - 1);
      const std::size_t bytes = range->end.load(std::memory_order_relaxed) - from;
      range->hit.store(true, std::memory_order_relaxed);
      if (mmap(reinterpret_cast<void*>(from), bytes, PROT_READ,
               MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
        return;
    }
    sigaction(SIGBUS, &previous, nullptr);  // the same access now meets whoever was here before
  }

  static Range* acquire() {
    for (Range* range = ranges.load(); range != nullptr; range = range->next)
      if (range->begin.load() == 0) return range;
    Range* range = new Range;
    range->next = ranges.load();
    ranges.store(range, std::memory_order_release);
    return range;
  }

  static void install() {
    if (installed) return;
    struct sigaction action {};
    action.sa_sigaction = on_sigbus;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, &previous);
    installed = true;
  }
};

SigbusGuard::SigbusGuard(void* data, std::size_t bytes) {
  const std::lock_guard lock(Access::mutex);
  Access::install();
  range_ = Access::acquire();
  const auto begin = reinterpret_cast<std::uintptr_t>(data);
  range_->hit.store(false);
  range_->end.store(begin + bytes);
  range_->begin.store(begin, std::memory_order_release);
}

SigbusGuard::~SigbusGuard() {
  const std::lock_guard lock(Access::mutex);
  range_->begin.store(0, std::memory_order_release);
}

bool SigbusGuard::hit() const { return range_->hit.load(std::memory_order_relaxed); }

}  // namespace datamon::report
