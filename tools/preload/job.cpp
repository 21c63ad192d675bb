#include "job.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "data_rule.h"
#include "next.h"
#include "open_files.h"

namespace datamon::preload {

bool g_wanted = false;
__thread bool t_inside __attribute__((tls_model("initial-exec"))) = false;

namespace {

pthread_mutex_t g_opening = PTHREAD_MUTEX_INITIALIZER;
std::atomic<const datamon_api*> g_monitor{nullptr};
std::atomic<bool> g_tried{false};
std::atomic<pid_t> g_owner{0};

std::atomic<std::uint64_t> g_first_ticks{0}, g_first_ns{0};
std::atomic<unsigned long> g_ticks_per_us{0};

std::uint64_t monotonic_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u +
         static_cast<std::uint64_t>(now.tv_nsec);
}

bool is_on(const char* value) {
  return value != nullptr && *value != '\0' && std::strcmp(value, "0") != 0;
}

// libdatamon.so.0: where the job says, else beside this library.
void* open_library() {
  constexpr int kFlags = RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE;
  const char* named = ::secure_getenv("MON_LIBRARY");
  if (named != nullptr && *named != '\0') return ::dlopen(named, kFlags);
  Dl_info own{};
  if (::dladdr(&g_opening, &own) != 0 && own.dli_fname != nullptr) {
    char path[4096];
    const char* slash = std::strrchr(own.dli_fname, '/');
    const int folder = slash != nullptr ? static_cast<int>(slash - own.dli_fname) : 0;
    const int length =
        std::snprintf(path, sizeof path, "%.*s/libdatamon.so.0", folder, own.dli_fname);
    if (slash != nullptr && length > 0 && static_cast<std::size_t>(length) < sizeof path)
      if (void* library = ::dlopen(path, kFlags)) return library;
  }
  return ::dlopen("libdatamon.so.0", kFlags);
}

// False if it takes long: whoever has it may be waiting for a lock of the loader
// that this thread holds, in a library's constructor, say.
bool lock_briefly(pthread_mutex_t& mutex) {
  constexpr long kWaitNs = 200'000'000;
  timespec until{};
  ::clock_gettime(CLOCK_REALTIME, &until);
  until.tv_nsec += kWaitNs;
  if (until.tv_nsec >= 1'000'000'000) {
    until.tv_nsec -= 1'000'000'000;
    ++until.tv_sec;
  }
  return ::pthread_mutex_timedlock(&mutex, &until) == 0;
}

void open_monitor() {
  void* const library = open_library();
  void* const symbol = library != nullptr ? ::dlsym(library, "datamon_attach") : nullptr;
  if (symbol == nullptr) return;
  using Attach = const datamon_api* (*)(std::uint32_t);
  const datamon_api* found = reinterpret_cast<Attach>(symbol)(DATAMON_API_VERSION);
  if (found == nullptr || found->bytes <= offsetof(datamon_api, file)) return;  // an older library
  g_first_ticks.store(found->now(), std::memory_order_relaxed);
  g_first_ns.store(monotonic_ns(), std::memory_order_relaxed);
  g_monitor.store(found, std::memory_order_release);
}

// A fork waits while another thread opens the monitor: its child would find the
// loader's and the monitor's locks taken for ever. Where that takes too long the
// child goes unrecorded.
__thread bool t_forks_with_lock __attribute__((tls_model("initial-exec"))) = false;

void before_fork() { t_forks_with_lock = !t_inside && lock_briefly(g_opening); }

void in_parent() {
  if (t_forks_with_lock) ::pthread_mutex_unlock(&g_opening);
}

void in_child() {
  if (!t_forks_with_lock) {
    g_opening = PTHREAD_MUTEX_INITIALIZER;
    g_tried.store(true, std::memory_order_relaxed);
  } else {
    ::pthread_mutex_unlock(&g_opening);
  }
  g_owner.store(::getpid(), std::memory_order_relaxed);
}

// What is started from here belongs to this process's recording; the monitor
// would say so later, when other threads may be reading the environment.
void mark_children_as_joined() {
  char own[24];
  std::snprintf(own, sizeof own, "%d", static_cast<int>(::getpid()));
  ::setenv("MON_JOINED", own, 0);
}

__attribute__((constructor(101))) void start() {
  libc.resolve();
  const char* preload = ::secure_getenv("MON_PRELOAD");
  if (!is_on(::secure_getenv("MON")) || (preload != nullptr && std::strcmp(preload, "0") == 0))
    return;
  const Inside inside;
  if (!prepare_open_files()) return;
  prepare_data_rule();
  g_owner.store(::getpid(), std::memory_order_relaxed);
  ::pthread_atfork(before_fork, in_parent, in_child);
  mark_children_as_joined();
  g_wanted = true;
  // Without a folder's name the monitor makes one and tells the children: now,
  // while there is no other thread.
  const char* folder = ::secure_getenv("MON_DIR");
  if (folder == nullptr || folder[0] != '/') monitor();
}

}  // namespace

bool owns_memory() { return ::getpid() == g_owner.load(std::memory_order_relaxed); }

const datamon_api* monitor() {
  const datamon_api* known = g_monitor.load(std::memory_order_acquire);
  if (known != nullptr) return known;
  if (!g_wanted || g_tried.load(std::memory_order_acquire) || !owns_memory()) return nullptr;
  const Inside inside;
  if (!lock_briefly(g_opening)) return nullptr;
  if (!g_tried.load(std::memory_order_relaxed)) {
    // A thread that is cancelled in there would keep the lock.
    int cancellable = PTHREAD_CANCEL_ENABLE;
    ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancellable);
    open_monitor();
    ::pthread_setcancelstate(cancellable, nullptr);
    g_tried.store(true, std::memory_order_release);
  }
  ::pthread_mutex_unlock(&g_opening);
  return g_monitor.load(std::memory_order_acquire);
}

unsigned long ticks_per_us(const datamon_api& monitor) {
  const unsigned long known = g_ticks_per_us.load(std::memory_order_relaxed);
  if (known != 0) return known;
  constexpr std::uint64_t kLongEnoughNs = 2'000'000;
  const std::uint64_t ns = monotonic_ns() - g_first_ns.load(std::memory_order_relaxed);
  if (ns < kLongEnoughNs) return 0;
  const std::uint64_t ticks = monitor.now() - g_first_ticks.load(std::memory_order_relaxed);
  const auto rate =
      static_cast<unsigned long>(static_cast<double>(ticks) * 1e3 / static_cast<double>(ns));
  g_ticks_per_us.store(rate, std::memory_order_relaxed);
  return rate;
}

Inside::Inside() : errno_(errno), before_(t_inside) { t_inside = true; }

Inside::~Inside() {
  t_inside = before_;
  errno = errno_;
}

}  // namespace datamon::preload
