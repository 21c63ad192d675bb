// Names that the job gives to its threads (nvtxNameOsThread), for their tracks.
// Only a thread itself can name its track, so another one's name waits until
// that thread's next range. The last 64 such names are kept.
//
// Thread-safe, without locks but in the monitor; never allocates.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

namespace datamon::nvtx {

// `tid` as gettid(2) gives it.
void name_thread(std::uint32_t tid, std::string_view name);

// How many names have been put down for other threads.
extern std::atomic<std::uint32_t> g_waiting_names;

// Looks for the calling thread's name among them.
void find_own_name();

// For each range: `seen` is what the thread knows of, 0 at first.
inline void name_this_thread(std::uint32_t& seen) {
  const std::uint32_t waiting = g_waiting_names.load(std::memory_order_acquire);
  if (waiting == seen) [[likely]]
    return;
  seen = waiting;
  find_own_name();
}

}  // namespace datamon::nvtx
