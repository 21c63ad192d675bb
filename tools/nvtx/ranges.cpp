#include "ranges.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>

#include "handle_table.h"
#include "thread_names.h"

namespace datamon::nvtx {
namespace {

struct Open {
  std::uint64_t domain;
  std::uint64_t span;  // 0: without one
};

// In place of the span of a range that ended with an outer one.
constexpr std::uint64_t kCut = UINT64_MAX;

// More than the monitor's own limit: beyond it spans are counted as dropped.
constexpr std::uint32_t kMostOpen = 128;

struct Thread {
  std::uint32_t generation;
  std::uint32_t depth;
  std::uint32_t beyond;  // ranges that were pushed when there was no place
  std::uint32_t names_seen;
  Open open[kMostOpen];
};

__thread Thread* t_thread __attribute__((tls_model("initial-exec"))) = nullptr;
std::atomic<std::uint32_t> g_generation{0};
pthread_key_t g_key;
bool g_has_key = false;

// Made-up ids have these upper bits, which no counter or pointer has.
constexpr std::uint64_t kMadeUp = 0x6d6f6e0000000000u;
constexpr std::uint64_t kMadeUpBits = 0xffffff0000000000u;
std::atomic<std::uint64_t> g_next_id{1};
HandleTable<4096> g_started;

void free_thread(void* thread) {
  t_thread = nullptr;
  std::free(thread);
}

Thread* make_thread() {
  const int saved_errno = errno;
  auto* thread = g_has_key ? static_cast<Thread*>(std::calloc(1, sizeof(Thread))) : nullptr;
  if (thread != nullptr && ::pthread_setspecific(g_key, thread) != 0) {
    std::free(thread);
    thread = nullptr;
  }
  if (thread != nullptr) thread->generation = g_generation.load(std::memory_order_relaxed);
  t_thread = thread;
  errno = saved_errno;
  return thread;
}

// nullptr: no memory.
Thread* this_thread() {
  Thread* thread = t_thread;
  if (thread == nullptr) return make_thread();
  const std::uint32_t generation = g_generation.load(std::memory_order_relaxed);
  if (thread->generation != generation) [[unlikely]] {
    thread->generation = generation;
    thread->depth = 0;
    thread->beyond = 0;
  }
  return thread;
}

// The level of a domain's next range, given those open below `depth`.
int level_below(const Thread& thread, std::uint32_t depth, std::uint64_t domain) {
  int level = 0;
  for (std::uint32_t i = 0; i < depth; ++i) level += thread.open[i].domain == domain;
  return level;
}

// Ranges that ended with an outer one and were never popped give up their place.
void compact(Thread& thread) {
  Open* end = std::remove_if(thread.open, thread.open + thread.depth,
                             [](const Open& open) { return open.span == kCut; });
  thread.depth = static_cast<std::uint32_t>(end - thread.open);
}

}  // namespace

void watch_forks() {
  g_has_key = ::pthread_key_create(&g_key, free_thread) == 0;
  ::pthread_atfork(nullptr, nullptr, [] { g_generation.fetch_add(1, std::memory_order_relaxed); });
}

int push(std::uint64_t domain, datamon_stage stage) {
  Thread* thread = this_thread();
  if (thread == nullptr) return -1;
  name_this_thread(thread->names_seen);
  if (thread->depth == kMostOpen) [[unlikely]] {
    compact(*thread);
    if (thread->depth == kMostOpen) {
      ++thread->beyond;
      return static_cast<int>(kMostOpen + thread->beyond);
    }
  }
  const int level = level_below(*thread, thread->depth, domain);
  thread->open[thread->depth++] = {domain, stage != DATAMON_NO_STAGE ? datamon_begin(stage) : 0};
  return level;
}

int pop(std::uint64_t domain) {
  Thread* thread = this_thread();
  if (thread == nullptr) return -1;
  if (thread->beyond > 0) [[unlikely]]
    return static_cast<int>(kMostOpen + thread->beyond--);
  std::uint32_t at = thread->depth;
  do {
    if (at == 0) return -1;
  } while (thread->open[--at].domain != domain);
  const std::uint64_t span = thread->open[at].span;
  if (span != 0 && span != kCut) {
    datamon_end(span);
    for (std::uint32_t i = at + 1; i < thread->depth; ++i) thread->open[i].span = kCut;
  }
  std::copy(thread->open + at + 1, thread->open + thread->depth, thread->open + at);
  --thread->depth;
  return level_below(*thread, at, domain);
}

std::uint64_t start(std::uint64_t id, datamon_stage stage) {
  if (id == 0) id = kMadeUp | (g_next_id.fetch_add(1, std::memory_order_relaxed) & ~kMadeUpBits);
  if (stage == DATAMON_NO_STAGE) return id;
  const std::uint64_t generation = g_generation.load(std::memory_order_relaxed);
  g_started.insert(id, {datamon_now(), generation << 16 | stage});
  return id;
}

bool is_made_up(std::uint64_t id) { return (id & kMadeUpBits) == kMadeUp; }

void end(std::uint64_t id) {
  const std::uint64_t now = datamon_now();
  const auto started = g_started.take(id);
  if (!started || started->second >> 16 != g_generation.load(std::memory_order_relaxed)) return;
  datamon_record(static_cast<datamon_stage>(started->second & 0xffff), started->first, now,
                 DATAMON_NO_ID, 0);
}

}  // namespace datamon::nvtx
