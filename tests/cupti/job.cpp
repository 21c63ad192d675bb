// A job whose GPU is made up: it loads the injection library as NVIDIA's driver does,
// says what the device did (fake_cupti.h), and marks its steps.
//   cupti_job LIBRARY FAKE CASE
#include <dlfcn.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <thread>

#include "datamon/monitor.hpp"
#include "fake_cupti.h"

namespace {

template <typename Function>
Function find(void* library, const char* name) {
  void* symbol = library != nullptr ? ::dlsym(library, name) : nullptr;
  Function function;
  std::memcpy(&function, &symbol, sizeof function);
  return function;
}

struct Device {
  FakeNow now;
  FakeKernel kernel;
  FakeCopy copy;
  FakeCall call;
  FakeDrop drop;
};

Device open_device(const char* fake) {
  void* library = ::dlopen(fake, RTLD_NOW);
  return {find<FakeNow>(library, "fake_cupti_now"), find<FakeKernel>(library, "fake_cupti_kernel"),
          find<FakeCopy>(library, "fake_cupti_copy"), find<FakeCall>(library, "fake_cupti_call"),
          find<FakeDrop>(library, "fake_cupti_drop")};
}

void sleep_ms(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

std::uint32_t own_tid() { return static_cast<std::uint32_t>(::syscall(SYS_gettid)); }

constexpr const char* kForward =
    "_ZN2at6native29vectorized_elementwise_kernelILi4ENS0_11FillFunctorIfEESt5arrayIPcLm1EEEEviT0_"
    "T1_";
constexpr const char* kBackward = "ampere_sgemm_128x64_nn";

// Waits for a batch, launches a copy and a kernel, waits for the kernel.
void step(const Device& device, std::uint32_t number) {
  {
    datamon::Span wait(datamon::wait);
    sleep_ms(2);
    wait.item(number);
  }
  const datamon::Span compute(datamon::compute);
  const std::uint64_t start = device.now();
  const std::uint32_t copy = 2 * number + 1, kernel = 2 * number + 2;
  sleep_ms(4);
  const std::uint64_t end = device.now();
  const std::uint64_t part = (end - start) / 4;
  device.call(41, own_tid(), copy, start, start + 1'000);
  device.copy(0, 14, copy, 1, 2, 1 << 20, start + 2'000, start + part);
  device.call(211, own_tid(), kernel, start + 3'000, start + 4'000);
  device.kernel(0, 7, kernel, start + part, end, number % 3 == 0 ? kBackward : kForward);
  device.call(131, own_tid(), 0, start + 5'000, end);
}

int steps(const Device& device, std::uint32_t count) {
  datamon::thread(DATAMON_ROLE_CONSUMER);
  for (std::uint32_t i = 0; i < count; ++i) step(device, i);
  return 0;
}

// Very many short kernels at once, on two streams.
int many(const Device& device) {
  const std::uint64_t start = device.now();
  for (std::uint32_t i = 0; i < 40'000; ++i) {
    device.call(211, own_tid(), i + 1, start + 100 * i, start + 100 * i + 50);
    device.kernel(0, 7 + i % 2, i + 1, start + 100 * i + 60, start + 100 * i + 100, kForward);
  }
  device.drop(123);
  return 0;
}

// Two streams in turns, the second one's kernels handed over some rounds after the first one's.
int late(const Device& device) {
  constexpr std::uint64_t kEach_ns = 1'000'000;
  sleep_ms(50);
  const std::uint64_t start = device.now() - 40 * kEach_ns;
  for (const std::uint64_t stream : {0, 1}) {
    for (std::uint64_t i = stream; i < 20; i += 2)
      device.kernel(0, 7 + static_cast<std::uint32_t>(stream), 0, start + i * kEach_ns,
                    start + (i + 1) * kEach_ns, kForward);
    sleep_ms(800);
  }
  return 0;
}

// The driver ends at exit, and said so to the C library after the injection was initialised.
FakeEnd end_driver;
int exit_with_driver(const Device& device, const char* fake) {
  end_driver = find<FakeEnd>(::dlopen(fake, RTLD_NOW), "fake_cupti_end");
  if (end_driver == nullptr || std::atexit([] { end_driver(); }) != 0) return 6;
  sleep_ms(1'000);  // some rounds
  return steps(device, 3);
}

// One kernel of each of very many names, which are at other addresses the second time;
// then two without a name.
int names(const Device& device) {
  constexpr std::uint32_t kNames = 1'500;
  static auto& texts = *new std::deque<std::string>;  // read when the process exits
  const std::uint64_t start = device.now();
  std::uint64_t at = start;
  const auto kernel = [&](const char* name) {
    device.kernel(0, 7, 0, at, at + 50, name);
    at += 100;
  };
  for (int time = 0; time < 2; ++time)
    for (std::uint32_t i = 0; i < kNames; ++i)
      kernel(texts.emplace_back("kernel_" + std::to_string(i)).c_str());
  kernel(nullptr);
  kernel("");
  return 0;
}

// Very long, with bytes that are no text.
int long_name(const Device& device) {
  static const std::string& name = *new std::string("_Z\n\"\xff<b>" + std::string(1 << 20, 'x'));
  const std::uint64_t start = device.now();
  device.kernel(0, 7, 0, start, start + 1'000, name.c_str());
  return 0;
}

// The child ends as Python's multiprocessing does, or with its exit handlers.
int with_child(const Device& device, bool through_exit) {
  step(device, 0);
  const pid_t child = ::fork();
  if (child == 0) {
    {
      const datamon::Span work(datamon::decode);
      sleep_ms(1);
    }
    if (through_exit) std::exit(5);
    ::_exit(5);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  step(device, 1);
  return WIFEXITED(status) ? WEXITSTATUS(status) - 5 : 50;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) return 2;
  void* library = ::dlopen(arguments[1], RTLD_NOW);
  if (library == nullptr) std::fprintf(stderr, "%s\n", ::dlerror());
  const auto initialise = find<int (*)()>(library, "InitializeInjection");
  if (initialise == nullptr || initialise() != 1) return 3;
  if (const char* driver = std::getenv("FAKE_CUDA")) ::dlopen(driver, RTLD_NOW);
  const Device device = open_device(arguments[2]);
  const std::string what = arguments[3];
  if (what == "nothing") return 0;
  if (what == "environment") {
    const char* set = std::getenv("CUDA_INJECTION64_PATH");
    return std::printf("%s\n", set != nullptr ? set : "nothing") < 0 ? 1 : 0;
  }
  if (what == "again") return initialise() - 1;
  if (what == "steps") return steps(device, 30);
  if (what == "many") return many(device);
  if (what == "late") return late(device);
  if (what == "driver-exit") return exit_with_driver(device, arguments[2]);
  if (what == "names") return names(device);
  if (what == "long-name") return long_name(device);
  if (what == "fork") return with_child(device, false);
  if (what == "fork-exit") return with_child(device, true);
  if (what == "killed") {
    steps(device, 3);
    sleep_ms(1'000);  // some rounds
    ::raise(SIGKILL);
  }
  return 4;
}
