// Memory for the monitor's own state that a forked child finds zeroed, whatever
// way the fork happened (fork, raw clone, no atfork handlers): nothing in it can
// lead the child into its parent's recording. All state with pointers into the
// mapped file lives here.
//
// Where the kernel lacks MADV_WIPEONFORK a pthread_atfork handler does the same
// for fork(); there a raw clone is not covered.
//
// Memory is never given back, and a child never hands out again what it
// inherited: a thread may still hold a pointer to its wiped track.
// Not thread-safe: the callers hold the process lock. Nothing throws.
#pragma once

#include <cstddef>
#include <type_traits>

namespace datamon::monitor {

// One region of its own, zeroed; called once. nullptr when there is none.
void* arena_root(std::size_t bytes);

// Zeroed memory at a multiple of 64, valid after arena_root(); nullptr when
// there is none.
void* arena_allocate(std::size_t bytes);

template <typename T>
T* arena_new(std::size_t count = 1) {
  static_assert(std::is_trivially_destructible_v<T>);
  return static_cast<T*>(arena_allocate(sizeof(T) * count));
}

}  // namespace datamon::monitor
