#include "thread_names.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "datamon/monitor.h"

namespace datamon::nvtx {

std::atomic<std::uint32_t> g_waiting_names{0};

namespace {

constexpr std::uint32_t kPlaces = 64;

// `tid` is 0 while a place is empty or being filled. A name is of eight-byte
// words, so that one that is replaced while it is read is mixed at worst.
struct Place {
  std::atomic<std::uint32_t> tid{0};
  std::atomic<std::uint64_t> words[8];
};
Place g_places[kPlaces];
std::atomic<std::uint32_t> g_next{0};

std::uint32_t own_tid() { return static_cast<std::uint32_t>(::syscall(SYS_gettid)); }

void name_track(std::string_view name) {
  datamon_thread(DATAMON_ROLE_UNCHANGED, 0, 0, name.data(), name.size());
}

}  // namespace

void name_thread(std::uint32_t tid, std::string_view name) {
  if (tid == own_tid()) return name_track(name);
  if (tid == 0) return;
  Place& place = g_places[g_next.fetch_add(1, std::memory_order_relaxed) % kPlaces];
  place.tid.store(0, std::memory_order_relaxed);
  char bytes[sizeof place.words] = {};
  name.copy(bytes, sizeof bytes);
  for (std::size_t i = 0; i < std::size(place.words); ++i) {
    std::uint64_t word;
    std::memcpy(&word, bytes + 8 * i, 8);
    place.words[i].store(word, std::memory_order_relaxed);
  }
  place.tid.store(tid, std::memory_order_release);
  g_waiting_names.fetch_add(1, std::memory_order_release);
}

void find_own_name() {
  const std::uint32_t tid = own_tid();
  for (Place& place : g_places) {
    std::uint32_t expected = tid;
    if (place.tid.load(std::memory_order_acquire) != tid) continue;
    char bytes[sizeof place.words];
    for (std::size_t i = 0; i < std::size(place.words); ++i) {
      const std::uint64_t word = place.words[i].load(std::memory_order_relaxed);
      std::memcpy(bytes + 8 * i, &word, 8);
    }
    if (place.tid.compare_exchange_strong(expected, 0, std::memory_order_acq_rel))
      name_track({bytes, ::strnlen(bytes, sizeof bytes)});
  }
}

}  // namespace datamon::nvtx
