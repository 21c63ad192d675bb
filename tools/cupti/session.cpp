#include "session.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string_view>

#include "buffers.h"
#include "calls.h"
#include "datamon/monitor.h"
#include "injection/say.h"
#include "kernel_names.h"
#include "library.h"
#include "recorder.h"

namespace datamon::cupti {
namespace {

using injection::say;

constexpr long kRound_ns = 250'000'000;
// How long after it CUPTI may hand over a device's work, for when devices were busy (span_maker.h).
constexpr std::uint64_t kLatest_ns = 10'000'000'000;
// The driver's code runs on it, and nobody says how much that needs; only what is used is taken.
constexpr std::size_t kStackBytes = 2 << 20;

struct Session {
  Library library;
  abi::Subscriber subscriber = nullptr;
  Buffers buffers;
  ClockMap clock;
  Recorder recorder;
  SpanMaker maker{recorder, clock};
  KernelNames kernel_names;
  pid_t pid = 0;
  pthread_t thread{};
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t changed{};
  bool stop = false, look = false;  // under the mutex
  std::atomic<std::uint64_t> dropped{0};
  std::uint64_t records = 0, noted_losses = 0;  // the thread's
  std::uint64_t now_ns = 0;                     // of CUPTI's clock, at its latest reading
};

Session* g_session = nullptr;

bool is_ours() { return g_session != nullptr && g_session->pid == ::getpid(); }

void note(const char* key, std::string_view value) {
  datamon_note(key, std::string_view(key).size(), value.data(), value.size());
}

// The report says so.
__attribute__((format(printf, 1, 2))) void note_incomplete(const char* format, ...) {
  char text[1024];
  std::va_list arguments;
  va_start(arguments, format);
  const int bytes = std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  const int most = static_cast<int>(sizeof text) - 1;
  note("job.incomplete", {text, static_cast<std::size_t>(std::clamp(bytes, 0, most))});
}

bool fail(const char* why) {
  say("datamon: no GPU activity is recorded: %s", why);
  note_incomplete("no GPU activity was recorded: %s", why);
  return false;
}

void note_number(const char* key, std::uint64_t number) {
  char text[24];
  const int bytes =
      std::snprintf(text, sizeof text, "%llu", static_cast<unsigned long long>(number));
  note(key, {text, static_cast<std::size_t>(bytes)});
}

// ---- what CUPTI calls, on the job's threads and its own

void buffer_requested(std::uint8_t** buffer, std::size_t* bytes, std::size_t* records) {
  *buffer = is_ours() ? g_session->buffers.request() : nullptr;
  *bytes = *buffer != nullptr ? Buffers::kBytes : 0;
  *records = 0;  // as many as fit
}

void count_dropped(abi::Context context, std::uint32_t stream) {
  std::size_t dropped = 0;
  const auto& call = g_session->library.call;
  if (call.dropped_records != nullptr &&
      call.dropped_records(context, stream, &dropped) == abi::kSuccess)
    g_session->dropped.fetch_add(dropped, std::memory_order_relaxed);
}

// Counts what is in a buffer that has no place among those that wait for the thread.
void drop_buffer(std::uint8_t* buffer, std::size_t valid_bytes) {
  std::uint64_t lost = 0;
  abi::Record* record = nullptr;
  while (g_session->library.call.next_record(buffer, valid_bytes, &record) == abi::kSuccess) ++lost;
  g_session->dropped.fetch_add(lost, std::memory_order_relaxed);
  g_session->buffers.discard(buffer);
}

void buffer_completed(abi::Context context, std::uint32_t stream, std::uint8_t* buffer, std::size_t,
                      std::size_t valid_bytes) {
  if (!is_ours()) return;
  count_dropped(context, stream);
  const Buffers::Fate fate = g_session->buffers.complete(buffer, valid_bytes);
  if (fate == Buffers::Fate::kKept) return;
  if (fate == Buffers::Fate::kNotKept) drop_buffer(buffer, valid_bytes);
  ::pthread_mutex_lock(&g_session->mutex);
  g_session->look = true;
  ::pthread_cond_signal(&g_session->changed);
  ::pthread_mutex_unlock(&g_session->mutex);
}

void ignore_callback(void*, std::uint32_t, std::uint32_t, const void*) {}

// ---- the thread

// Both clocks at one moment: of some readings the one that took least.
void read_clocks(Session& session) {
  std::uint64_t best = UINT64_MAX, best_ns = 0, best_ticks = 0;
  for (int i = 0; i < 5; ++i) {
    std::uint64_t ns = 0;
    const std::uint64_t before = datamon_now();
    if (session.library.call.timestamp(&ns) != abi::kSuccess || ns == 0) return;
    const std::uint64_t after = datamon_now();
    if (after - before >= best) continue;
    best = after - before;
    best_ns = ns;
    best_ticks = before + (after - before) / 2;
  }
  session.clock.add(best_ns, best_ticks);
  session.now_ns = best_ns;
}

std::uint32_t number_of_kernel(Session& session, const char* name) {
  const KernelNames::Found found = session.kernel_names.find(name);
  if (found.is_new) session.recorder.kernel_name(found.number, found.name);
  return found.number;
}

void read_buffer(Session& session, const FullBuffer& buffer) {
  const std::size_t valid =
      buffer.valid_bytes < Buffers::kBytes ? buffer.valid_bytes : Buffers::kBytes;
  abi::Record* record = nullptr;
  const std::uint8_t* const end = buffer.bytes + valid;
  while (session.library.call.next_record(buffer.bytes, valid, &record) == abi::kSuccess) {
    const auto* at = reinterpret_cast<const std::uint8_t*>(record);
    if (at < buffer.bytes || at >= end) break;
    ++session.records;
    const auto left = static_cast<std::size_t>(end - at);
    auto activity = read_activity(record, left);
    if (!activity) continue;
    if (activity->what == What::kKernel)
      activity->kernel = number_of_kernel(session, kernel_name(record, left));
    session.maker.add(*activity);
  }
}

std::uint64_t losses(const Session& session) {
  return session.dropped.load(std::memory_order_relaxed) + session.maker.left_out();
}

// A note for each doubling: the file must not grow with the job's length.
void note_losses(Session& session, bool last) {
  const std::uint64_t lost = losses(session);
  if (lost == session.noted_losses || (!last && lost < 2 * session.noted_losses)) return;
  session.noted_losses = lost;
  note_number("cupti.lost_records", lost);
}

void fetch(Session& session, bool last) {
  session.library.call.flush_all(last ? abi::kForced : 0);
  read_clocks(session);
  if (!session.clock.ready()) return;  // in a moment
  for (FullBuffer buffer = session.buffers.take(); buffer.bytes != nullptr;
       buffer = session.buffers.take()) {
    read_buffer(session, buffer);
    session.buffers.give_back(buffer.bytes);
  }
  const std::uint64_t until_ns = session.now_ns - std::min(session.now_ns, kLatest_ns);
  if (last)
    session.maker.finish();
  else
    session.maker.end_round(session.clock.ticks(until_ns));
  note_losses(session, last);
}

// Waits for the next round; true if it is the last.
bool wait_for_round(Session& session) {
  timespec until;
  ::clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_nsec += kRound_ns;
  if (until.tv_nsec >= 1'000'000'000) {
    until.tv_nsec -= 1'000'000'000;
    ++until.tv_sec;
  }
  ::pthread_mutex_lock(&session.mutex);
  while (!session.stop && !session.look)
    if (::pthread_cond_timedwait(&session.changed, &session.mutex, &until) != 0) break;
  session.look = false;
  const bool stop = session.stop;
  ::pthread_mutex_unlock(&session.mutex);
  return stop;
}

// A job that ends at once: a second reading far enough from the first.
void await_clock(Session& session) {
  const timespec little = {0, 2'000'000};
  for (int i = 0; i < 5 && !session.clock.ready(); ++i) {
    ::nanosleep(&little, nullptr);
    read_clocks(session);
  }
}

void at_exit() {
  static bool done = false;  // it is registered twice
  if (!is_ours() || done) return;
  done = true;
  Session& session = *g_session;
  ::pthread_mutex_lock(&session.mutex);
  session.stop = true;
  ::pthread_cond_signal(&session.changed);
  ::pthread_mutex_unlock(&session.mutex);
  timespec until;
  ::clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += kMostAtExit_s;
  if (::pthread_timedjoin_np(session.thread, nullptr, &until) != 0)
    note_incomplete("GPU activity is missing: %s",
                    "CUPTI did not hand over its last records in time");
}

void* run(void* argument) {
  Session& session = *static_cast<Session*>(argument);
  ::pthread_setname_np(::pthread_self(), "datamon-cupti");
  session.recorder.start();
  read_clocks(session);
  bool last = wait_for_round(session);
  // What is registered last runs first at exit. While the driver started it may have registered
  // what ends it behind our handler: then a second one comes before that.
  if (!last) std::atexit(at_exit);
  for (; !last; last = wait_for_round(session)) fetch(session, false);
  await_clock(session);
  fetch(session, true);
  note_number("cupti.records", session.records);
  if (session.maker.without_launch() > 0)
    note_number("cupti.without_launch", session.maker.without_launch());
  if (const std::uint64_t lost = losses(session); lost > 0)
    note_incomplete("%llu records of GPU activity were lost",
                    static_cast<unsigned long long>(lost));
  return nullptr;
}

// The thread takes none of the job's signals.
bool start_thread(Session& session) {
  sigset_t all, before;
  ::sigfillset(&all);
  if (::pthread_sigmask(SIG_SETMASK, &all, &before) != 0) return false;
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, kStackBytes);
  const int failed = ::pthread_create(&session.thread, &attributes, run, &session);
  ::pthread_attr_destroy(&attributes);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return failed == 0 || fail("no thread can be started");
}

// ---- the start

bool subscribe(Session& session) {
  const auto& call = session.library.call;
  abi::Subscriber& subscriber = session.subscriber;
  char old_name[abi::kOldNameBytes + 1] = {};
  abi::Result result;
  if (call.subscribe_v2 != nullptr) {
    abi::SubscriberParameters parameters{sizeof parameters, "datamon", old_name,
                                         abi::kOldNameBytes};
    result = call.subscribe_v2(&subscriber, ignore_callback, nullptr, &parameters);
  } else {
    result = call.subscribe(&subscriber, ignore_callback, nullptr);
  }
  if (result == abi::kSuccess) return true;
  char why[1024], room[32];
  if (result == abi::kOldSubscriber)
    std::snprintf(why, sizeof why, "another tool uses CUPTI in this process (%s); run without it",
                  old_name[0] != '\0' ? old_name : "it does not say its name");
  else
    std::snprintf(why, sizeof why, "%s does not start: %s (it needs an NVIDIA driver as new as it)",
                  session.library.path, result_text(session.library, result, room, sizeof room));
  return fail(why);
}

// Calls one by one, before there is a context: afterwards CUPTI would not see them.
// Where it has no such switch (before CUDA 12.6) all of the run time's are recorded.
void enable_calls(Session& session) {
  const auto& call = session.library.call;
  const auto each = [](Api api, auto enable) {
    for (const IdRange& range : recorded_calls(api))
      for (std::uint32_t id = range.first; id <= range.last; ++id) enable(id, 1);
  };
  if (call.enable_runtime_function == nullptr || call.enable_driver_function == nullptr) {
    call.enable(abi::kRuntimeCall);
    return;
  }
  each(Api::kRuntime, call.enable_runtime_function);
  each(Api::kDriver, call.enable_driver_function);
}

bool enable(Session& session) {
  const auto& call = session.library.call;
  if (call.thread_id_type != nullptr) call.thread_id_type(abi::kSystemThread);
  abi::Result result = call.register_callbacks(buffer_requested, buffer_completed);
  enable_calls(session);
  if (result == abi::kSuccess) result = call.enable(abi::kConcurrentKernel);
  if (result != abi::kSuccess) {
    char why[1024], room[32];
    std::snprintf(why, sizeof why, "CUPTI records nothing: %s",
                  result_text(session.library, result, room, sizeof room));
    return fail(why);
  }
  // Without these the rest is still worth having.
  for (const std::uint32_t kind : {abi::kMemcpy, abi::kPeerMemcpy, abi::kMemset, abi::kOverhead})
    call.enable(kind);
  return true;
}

bool start(Session& session) {
  if (!open_library(session.library)) return fail(session.library.problem);
  note("cupti.library", session.library.path);
  note_number("cupti.version", session.library.version);
  session.buffers.allow_refusal(session.library.version >= abi::kRefusableVersion);
  session.pid = ::getpid();
  pthread_condattr_t attributes;
  ::pthread_condattr_init(&attributes);
  ::pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  ::pthread_cond_init(&session.changed, &attributes);
  ::pthread_condattr_destroy(&attributes);
  if (!session.maker.start()) return fail("no memory");
  g_session = &session;
  if (!subscribe(session)) return false;
  if (!enable(session) || !start_thread(session)) {
    session.library.call.unsubscribe(session.subscriber);  // for a tool of the job's own
    return false;
  }
  std::atexit(at_exit);
  return true;
}

}  // namespace

bool start_session() {
  const int saved_errno = errno;
  auto* session = new (std::nothrow) Session;
  // Never freed: CUPTI may call back for as long as the process lives.
  const bool started = session != nullptr && start(*session);
  errno = saved_errno;
  return started;
}

}  // namespace datamon::cupti
