// A shared library with CUPTI's symbols, in place of a driver and a GPU: what the job
// says that a device did (fake_cupti.h) becomes records in the tool's buffers, which
// go to the tool when they are full or flushed. The records are written down again
// from CUPTI's headers, so that they check the project's own declarations.
//
// FAKE_CUPTI: "taken" (another tool has subscribed), "no-driver", "future" (a version
// that is not known), "refuses" (nothing can be enabled), "stuck" (the last flush
// never ends), "old" (no function switches and no subscription with a name).
#include "fake_cupti.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

using Requested = void (*)(std::uint8_t**, std::size_t*, std::size_t*);
using Completed = void (*)(void*, std::uint32_t, std::uint8_t*, std::size_t, std::size_t);

struct __attribute__((packed, aligned(8))) Kernel {
  std::uint32_t kind;
  std::uint8_t cache, shared_config;
  std::uint16_t registers;
  std::uint32_t partitioned_requested, partitioned_executed;
  std::uint64_t start, end, completed;
  std::uint32_t device, context, stream;
  std::int32_t grid[3], block[3], static_shared, dynamic_shared;
  std::uint32_t local_per_thread, local_total, correlation;
  std::int64_t grid_id;
  const char* name;
  std::uint8_t rest[104];
};
static_assert(sizeof(Kernel) == 216 && offsetof(Kernel, correlation) == 92 &&
              offsetof(Kernel, name) == 104);

struct __attribute__((packed, aligned(8))) Copy {
  std::uint32_t kind;
  std::uint8_t copy_kind, source, destination, flags;
  std::uint64_t bytes, start, end;
  std::uint32_t device, context, stream, correlation, runtime_correlation, pad;
  std::uint8_t rest[40];
};
static_assert(sizeof(Copy) == 96);

struct __attribute__((packed, aligned(8))) Call {
  std::uint32_t kind, cbid;
  std::uint64_t start, end;
  std::uint32_t process, thread, correlation, result;
};
static_assert(sizeof(Call) == 40);

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
Requested requested = nullptr;
Completed completed = nullptr;
std::uint8_t* buffer = nullptr;
std::size_t room = 0, used = 0, dropped = 0;
std::set<std::uint32_t> kinds, runtime_functions;
pid_t loaded_by = 0;

bool mode(const char* wanted) {
  const char* chosen = std::getenv("FAKE_CUPTI");
  return chosen != nullptr && std::strcmp(chosen, wanted) == 0;
}

// CUPTI hangs when a forked child uses it; a test had better see it at once.
void forbid_children() {
  if (loaded_by == 0 || loaded_by == ::getpid()) return;
  static constexpr char kLine[] = "CUPTI was used in a forked child\n";
  if (::write(STDERR_FILENO, kLine, sizeof kLine - 1) > 0) ::_exit(99);
}

void hand_over() {
  if (buffer != nullptr) completed(nullptr, 0, buffer, room, used);
  buffer = nullptr;
  used = 0;
}

template <typename Record>
void append(const Record& record) {
  ::pthread_mutex_lock(&mutex);
  if (buffer != nullptr && used + sizeof record > room) hand_over();
  if (buffer == nullptr) {
    std::size_t most = 0;
    requested(&buffer, &room, &most);
    if (room == 0) buffer = nullptr;
  }
  if (buffer == nullptr) {
    ++dropped;
  } else {
    std::memcpy(buffer + used, &record, sizeof record);
    used += sizeof record;
  }
  ::pthread_mutex_unlock(&mutex);
}

bool on(std::uint32_t kind) { return requested != nullptr && kinds.count(kind) > 0; }

std::size_t bytes_of(std::uint32_t kind) {
  if (kind == 10) return sizeof(Kernel);
  if (kind == 1) return sizeof(Copy);
  if (kind == 5) return sizeof(Call);
  return 0;
}

}  // namespace

// ---- what the job does

EXPORT std::uint64_t fake_cupti_now() {
  timespec now;
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

EXPORT void fake_cupti_kernel(std::uint32_t device, std::uint32_t stream, std::uint32_t correlation,
                              std::uint64_t start, std::uint64_t end, const char* name) {
  forbid_children();
  if (!on(10)) return;
  Kernel record{};
  record.kind = 10;
  record.start = start;
  record.end = end;
  record.device = device;
  record.context = 1;
  record.stream = stream;
  record.correlation = correlation;
  record.name = name;
  append(record);
}

EXPORT void fake_cupti_copy(std::uint32_t device, std::uint32_t stream, std::uint32_t correlation,
                            int kind, int source, std::uint64_t bytes, std::uint64_t start,
                            std::uint64_t end) {
  if (!on(1)) return;
  Copy record{};
  record.kind = 1;
  record.copy_kind = static_cast<std::uint8_t>(kind);
  record.source = static_cast<std::uint8_t>(source);
  record.bytes = bytes;
  record.start = start;
  record.end = end;
  record.device = device;
  record.context = 1;
  record.stream = stream;
  record.correlation = correlation;
  append(record);
}

EXPORT void fake_cupti_call(std::uint32_t function, std::uint32_t thread, std::uint32_t correlation,
                            std::uint64_t start, std::uint64_t end) {
  if (!on(5) && runtime_functions.count(function) == 0) return;
  append(Call{5, function, start, end, static_cast<std::uint32_t>(::getpid()), thread, correlation,
              0});
}

EXPORT void fake_cupti_drop(std::size_t records) {
  ::pthread_mutex_lock(&mutex);
  dropped += records;
  ::pthread_mutex_unlock(&mutex);
}

EXPORT void fake_cupti_end() {
  ::pthread_mutex_lock(&mutex);
  used = 0;
  kinds.clear();
  ::pthread_mutex_unlock(&mutex);
}

// ---- CUPTI

EXPORT int cuptiGetVersion(std::uint32_t* version) {
  *version = mode("no-driver") ? 0 : mode("future") ? 140000 : mode("old") ? 18 : 130001;
  return 0;
}

EXPORT int cuptiGetResultString(int result, const char** text) {
  *text = result == 999 ? "CUPTI_ERROR_UNKNOWN"
          : result == 7 ? "CUPTI_ERROR_INVALID_OPERATION"
                        : "CUPTI_ERROR";
  return 0;
}

EXPORT int cuptiSubscribe(void** subscriber, void*, void*) {
  if (mode("taken")) return 39;
  if (mode("no-driver")) return 999;
  static int handle;
  *subscriber = &handle;
  loaded_by = ::getpid();
  return 0;
}

struct Parameters {
  std::size_t bytes;
  const char* name;
  char* old_name;
  std::size_t old_bytes;
};

EXPORT int cuptiSubscribe_v2(void** subscriber, void* callback, void* data,
                             Parameters* parameters) {
  if (parameters == nullptr || parameters->bytes != 32) return 1;
  const int result = cuptiSubscribe(subscriber, callback, data);
  if (result == 39)
    std::snprintf(parameters->old_name, parameters->old_bytes, "CUPTI for Another Tool");
  return result;
}

EXPORT int cuptiUnsubscribe(void*) {
  static constexpr char kLine[] = "unsubscribed\n";
  return ::write(STDOUT_FILENO, kLine, sizeof kLine - 1) > 0 ? 0 : 1;
}

EXPORT int cuptiSetThreadIdType(std::uint32_t) { return 0; }

EXPORT int cuptiActivityRegisterCallbacks(Requested request, Completed complete) {
  requested = request;
  completed = complete;
  return mode("refuses") ? 7 : 0;
}

EXPORT int cuptiActivityEnable(std::uint32_t kind) {
  kinds.insert(kind);
  return 0;
}

EXPORT int cuptiActivityEnableRuntimeApi(std::uint32_t function, std::uint8_t enable) {
  if (enable != 0) runtime_functions.insert(function);
  return 0;
}

EXPORT int cuptiActivityEnableDriverApi(std::uint32_t, std::uint8_t) { return 0; }

EXPORT int cuptiGetTimestamp(std::uint64_t* ns) {
  *ns = fake_cupti_now();
  return 0;
}

EXPORT int cuptiActivityFlushAll(std::uint32_t flag) {
  forbid_children();
  if (flag == 1 && mode("stuck")) ::pause();
  ::pthread_mutex_lock(&mutex);
  hand_over();
  ::pthread_mutex_unlock(&mutex);
  return 0;
}

EXPORT int cuptiActivityGetNextRecord(std::uint8_t* from, std::size_t valid,
                                      std::uint32_t** record) {
  auto* at = reinterpret_cast<std::uint8_t*>(*record);
  at = at == nullptr ? from : at + bytes_of(**record);
  if (at >= from + valid) return 12;
  *record = reinterpret_cast<std::uint32_t*>(at);
  return bytes_of(**record) == 0 ? 21 : 0;
}

EXPORT int cuptiActivityGetNumDroppedRecords(void*, std::uint32_t, std::size_t* records) {
  *records = dropped;
  dropped = 0;
  return 0;
}
