#include "monitor/schedstat.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace datamon::monitor {
namespace {

constexpr char kPath[] = "/proc/thread-self/schedstat";
constexpr std::size_t kMostKept = 32;
constexpr rlim_t kShareOfLimit = 16;
// Programs expect the lowest descriptors for themselves. Not beyond 63: a thread
// of several that makes the kernel extend the table waits for ~10 ms.
constexpr int kLowestDescriptor = 32;
constexpr int kOpening = -1;

constinit std::atomic<int> g_kept[kMostKept]{};

std::size_t most_kept() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  return static_cast<std::size_t>(std::min<rlim_t>(kMostKept, limit.rlim_cur / kShareOfLimit));
}

// The second of the three numbers.
bool read_delay(int fd, std::uint64_t& ns) {
  char text[96];
  const ssize_t got = ::pread(fd, text, sizeof text - 1, 0);
  if (got <= 0) return false;
  text[got] = '\0';
  char* end = nullptr;
  std::strtoull(text, &end, 10);
  if (end == text || *end != ' ') return false;
  const char* second = end;
  ns = std::strtoull(second, &end, 10);
  return end != second && *end == ' ';
}

// Unless the job has put something else there.
void close_schedstat(int fd) {
  if (fd <= 0) return;
  char link[32], target[64];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = ::readlink(link, target, sizeof target);
  const std::string_view name(target, length > 0 ? static_cast<std::size_t>(length) : 0);
  if (name.starts_with("/proc/") && name.ends_with("/schedstat")) ::close(fd);
}

int open_high() {
  const int fd = ::open(kPath, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fd;
  const int high = ::fcntl(fd, F_DUPFD_CLOEXEC, kLowestDescriptor);
  if (high < 0) return fd;
  ::close(fd);
  return high;
}

}  // namespace

Schedstat::Slot* Schedstat::keep() {
  const std::size_t most = most_kept();
  for (std::size_t i = 0; i < most; ++i) {
    int expected = 0;
    if (g_kept[i].load(std::memory_order_relaxed) != 0 ||
        !g_kept[i].compare_exchange_strong(expected, kOpening))
      continue;
    const int fd = open_high();
    g_kept[i].store(std::max(fd, 0));
    return fd > 0 ? &g_kept[i] : nullptr;
  }
  return nullptr;
}

bool Schedstat::read_once(std::uint64_t& delay_ns) {
  const int fd = ::open(kPath, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool whole = read_delay(fd, delay_ns);
  ::close(fd);
  return whole;
}

bool Schedstat::read(std::uint64_t& delay_ns) {
  if (slot_ == nullptr) slot_ = keep();
  if (slot_ == nullptr) return read_once(delay_ns);
  return read_delay(slot_->load(), delay_ns);
}

void Schedstat::distrust() {
  if (slot_ != nullptr) slot_->store(0);
  slot_ = nullptr;
}

void Schedstat::close() {
  if (slot_ != nullptr) close_schedstat(slot_->exchange(0));
  slot_ = nullptr;
}

void Schedstat::close_inherited() {
  for (Slot& slot : g_kept) close_schedstat(slot.exchange(0));
}

}  // namespace datamon::monitor
