// A device for gpu_job.cpp on machines without one: its work takes the time it should, asleep, and
// computes nothing. An executable that links this gets these instead of the CUDA runtime's
// functions. As the driver does it loads the library that CUDA_INJECTION64_PATH names; if
// MON_CUPTI_LIBRARY names fake_cupti (tests/cupti), that one hears what the device did.
//
// This shows that the job, its marks and what is made of them are right; how long work takes on a
// device only a GPU can show.
// Thread-safety: one thread, one stream.
#include <cuda_runtime_api.h>
#include <dlfcn.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <set>
#include <thread>
#include <vector>

#include "../cupti/fake_cupti.h"
#include "work.h"

namespace {

using Clock = std::chrono::system_clock;  // that of fake_cupti_now()
using std::chrono::nanoseconds;

constexpr double kBytesPerNs = 10;  // of a copy
constexpr std::uint32_t kLaunch = 211, kCopy = 41, kWait = 131;

Clock::time_point busy_until;
std::uint32_t calls = 0;
std::set<const void*> pinned;

struct Listener {
  FakeKernel kernel = nullptr;
  FakeCopy copy = nullptr;
  FakeCall call = nullptr;
};
Listener listener;
std::vector<std::function<void()>> untold;  // records of work that is not done yet

template <typename Function>
Function find(void* library, const char* name) {
  void* symbol = library != nullptr ? ::dlsym(library, name) : nullptr;
  Function function;
  std::memcpy(&function, &symbol, sizeof function);
  return function;
}

void* open_named(const char* variable) {
  const char* path = std::getenv(variable);
  return path != nullptr ? ::dlopen(path, RTLD_NOW) : nullptr;
}

void load_injection() {
  const auto initialise =
      find<int (*)()>(open_named("CUDA_INJECTION64_PATH"), "InitializeInjection");
  if (initialise == nullptr || initialise() != 1) return;
  void* fake = open_named("MON_CUPTI_LIBRARY");
  listener = {find<FakeKernel>(fake, "fake_cupti_kernel"), find<FakeCopy>(fake, "fake_cupti_copy"),
              find<FakeCall>(fake, "fake_cupti_call")};
}

std::uint64_t ns(Clock::time_point when) {
  return static_cast<std::uint64_t>(nanoseconds(when.time_since_epoch()).count());
}

void tell_call(std::uint32_t function, Clock::time_point since) {
  if (listener.call != nullptr)
    listener.call(function, static_cast<std::uint32_t>(::syscall(SYS_gettid)), calls, ns(since),
                  ns(Clock::now()));
}

struct Work {
  std::uint64_t begun, done;
};

Work add_work(nanoseconds length) {
  const auto now = Clock::now();
  const auto begin = busy_until < now ? now : busy_until;
  busy_until = begin + length;
  return {ns(begin), ns(busy_until)};
}

void wait_for_work() {
  std::this_thread::sleep_until(busy_until);
  for (const auto& tell : untold) tell();
  untold.clear();
}

}  // namespace

struct CUevent_st {
  Clock::time_point when;
};

// A round takes 1 ns: rounds per µs = 1000.
cudaError_t datamon::test::launch_work(float*, int, int rounds, cudaStream_t) {
  const auto since = Clock::now();
  const Work work = add_work(nanoseconds(rounds));
  const std::uint32_t correlation = ++calls;
  tell_call(kLaunch, since);
  if (listener.kernel != nullptr)
    untold.emplace_back([=] { listener.kernel(0, 7, correlation, work.begun, work.done, "work"); });
  return cudaSuccess;
}

extern "C" {

const char* cudaGetErrorString(cudaError_t) { return "an error of the host's device"; }
cudaError_t cudaGetDeviceCount(int* count) {
  load_injection();
  *count = 1;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr, int) {
  *value = 4;
  return cudaSuccess;
}
cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  *stream = nullptr;
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t) {
  const auto since = Clock::now();
  ++calls;
  wait_for_work();
  tell_call(kWait, since);
  return cudaSuccess;
}
cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
  *memory = std::malloc(bytes);
  return *memory != nullptr ? cudaSuccess : cudaErrorMemoryAllocation;
}
cudaError_t cudaMallocHost(void** memory, std::size_t bytes) {
  const cudaError_t error = cudaMalloc(memory, bytes);
  pinned.insert(*memory);
  return error;
}
cudaError_t cudaFreeHost(void* memory) {
  pinned.erase(memory);
  std::free(memory);
  return cudaSuccess;
}
cudaError_t cudaMemset(void* memory, int value, std::size_t bytes) {
  std::memset(memory, value, bytes);
  return cudaSuccess;
}
// From pageable memory the caller takes part in the copy, so it waits for it.
cudaError_t cudaMemcpyAsync(void*, const void* from, std::size_t bytes, cudaMemcpyKind,
                            cudaStream_t) {
  const auto since = Clock::now();
  const bool is_pinned = pinned.count(from) != 0;
  const Work work =
      add_work(nanoseconds(static_cast<std::int64_t>(static_cast<double>(bytes) / kBytesPerNs)));
  const std::uint32_t correlation = ++calls;
  if (listener.copy != nullptr)
    untold.emplace_back([=] {
      listener.copy(0, 7, correlation, 1, is_pinned ? 2 : 1, bytes, work.begun, work.done);
    });
  if (!is_pinned) wait_for_work();
  tell_call(kCopy, since);
  return cudaSuccess;
}
cudaError_t cudaEventCreate(cudaEvent_t* event) {
  *event = new CUevent_st;
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t) {
  add_work(nanoseconds(0));
  event->when = busy_until;
  return cudaSuccess;
}
cudaError_t cudaEventElapsedTime(float* ms, cudaEvent_t from, cudaEvent_t to) {
  *ms = std::chrono::duration<float, std::milli>(to->when - from->when).count();
  return cudaSuccess;
}

}  // extern "C"
