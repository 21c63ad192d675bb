// A small training loop on a GPU whose bottleneck is known: a loader thread makes batches, the
// consumer copies each to the device, runs kernels and waits for them.
//   gpu-job VARIANT SECONDS ROUNDS_PER_US
// Prints one JSON object: what it did after its first steps. ROUNDS_PER_US says how long a kernel's
// round takes, so that runs to be compared do the same work; `gpu-job calibrate 0 0` measures it.
#include <cuda_runtime_api.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <datamon/monitor.hpp>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "work.h"

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;

constexpr std::size_t kAhead = 4;        // batches that the loader makes ahead
constexpr std::uint64_t kWarmUp = 20;    // steps that are not counted
constexpr int kCalibration = 1'000'000;  // rounds
constexpr std::chrono::milliseconds kWarmUpTime{500};

struct Variant {
  const char* name;
  int read_us;             // the loader sleeps so long for each batch, as on slow storage
  std::size_t copy_bytes;  // of a batch
  bool pinned;             // memory that a batch lies in
  int kernels, kernel_us;  // of a step
  int host_us;             // the host's own work behind each launch
};

constexpr Variant kVariants[] = {
    {"starved", 8000, 1 << 20, true, 4, 500, 0},
    {"transfer-bound", 0, 64 << 20, false, 1, 1000, 0},
    {"compute-bound", 1000, 1 << 20, true, 10, 1000, 0},
    // 10,000 kernels a second: the device has always work, or always waits for the host.
    {"kernels-device", 0, 1 << 20, true, 100, 98, 0},
    {"kernels-host", 0, 1 << 20, true, 100, 5, 95},
};

void check(cudaError_t error) {
  if (error != cudaSuccess) throw std::runtime_error(cudaGetErrorString(error));
}

class HostMemory {
 public:
  HostMemory(std::size_t bytes, bool pinned) : pinned_(pinned) {
    if (pinned) {
      check(cudaMallocHost(&data_, bytes));
    } else {
      data_ = std::malloc(bytes);
      if (data_ == nullptr) throw std::bad_alloc();
    }
    std::memset(data_, 1, bytes);
  }
  HostMemory(const HostMemory&) = delete;
  HostMemory& operator=(const HostMemory&) = delete;
  ~HostMemory() {
    if (pinned_) {
      cudaFreeHost(data_);
    } else {
      std::free(data_);
    }
  }
  void* data() const { return data_; }

 private:
  void* data_ = nullptr;
  bool pinned_;
};

// A thread that makes batches, `kAhead` of them before they are asked for.
class Loader {
 public:
  explicit Loader(const Variant& variant) : variant_(variant), thread_([this] { work(); }) {}
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;
  ~Loader() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  std::uint64_t next() {
    datamon::Span wait(datamon::wait);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !ready_.empty(); });
    const std::uint64_t batch = ready_.front();
    ready_.pop_front();
    changed_.notify_all();
    wait.item(batch);
    return batch;
  }

 private:
  void make(std::uint64_t batch) const {
    datamon::Span fetch(datamon::fetch);
    datamon::Span read(datamon::read);
    std::this_thread::sleep_for(microseconds(variant_.read_us));
    read.item(batch, variant_.copy_bytes);
    read.end();
    fetch.item(batch);
    fetch.end();
    datamon::Span collate(datamon::collate);  // a batch is one piece: only says that it is made
    collate.item(batch, variant_.copy_bytes);
  }
  void work() {
    datamon::thread(DATAMON_ROLE_WORKER, 0);
    for (std::uint64_t batch = 0;; ++batch) {
      make(batch);
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stop_ || ready_.size() < kAhead; });
      if (stop_) return;
      ready_.push_back(batch);
      changed_.notify_all();
    }
  }

  Variant variant_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::uint64_t> ready_;
  bool stop_ = false;
  std::thread thread_;  // last: it uses the others
};

// What a step uses; owned for the whole run.
class Device {
 public:
  explicit Device(const Variant& variant)
      : variant_(variant), host_(variant.copy_bytes, variant.pinned) {
    check(cudaDeviceGetAttribute(&blocks_, cudaDevAttrMultiProcessorCount, 0));
    check(cudaStreamCreate(&stream_));
    check(cudaMalloc(&batch_, variant.copy_bytes));
    const std::size_t bytes =
        sizeof(float) * static_cast<std::size_t>(blocks_ * datamon::test::kWorkThreads);
    check(cudaMalloc(reinterpret_cast<void**>(&out_), bytes));
    check(cudaMemset(out_, 0, bytes));
  }

  // Not marked as a transfer: that a step waits for it must be seen on the device.
  void copy() {
    check(cudaMemcpyAsync(batch_, host_.data(), variant_.copy_bytes, cudaMemcpyHostToDevice,
                          stream_));
  }
  void launch(int rounds) { check(datamon::test::launch_work(out_, blocks_, rounds, stream_)); }
  void wait() { check(cudaStreamSynchronize(stream_)); }

  // Rounds that a kernel does in a microsecond, once the device that idled has reached its clock.
  double calibrate() {
    const auto warm = Clock::now() + kWarmUpTime;
    do {
      launch(kCalibration);
      wait();
    } while (Clock::now() < warm);
    cudaEvent_t begun, done;
    check(cudaEventCreate(&begun));
    check(cudaEventCreate(&done));
    check(cudaEventRecord(begun, stream_));
    for (int i = 0; i < 10; ++i) launch(kCalibration);
    check(cudaEventRecord(done, stream_));
    wait();
    float ms = 0;
    check(cudaEventElapsedTime(&ms, begun, done));
    check(cudaEventDestroy(begun));
    check(cudaEventDestroy(done));
    return 10.0 * kCalibration / (1e3 * static_cast<double>(ms));
  }

 private:
  Variant variant_;
  HostMemory host_;
  cudaStream_t stream_ = nullptr;
  void* batch_ = nullptr;
  float* out_ = nullptr;
  int blocks_ = 0;
};

void burn_us(int us) {
  const auto until = Clock::now() + microseconds(us);
  while (us > 0 && Clock::now() < until) {
  }
}

void step(const Variant& variant, Loader& loader, Device& device, int rounds) {
  const std::uint64_t batch = loader.next();
  datamon::Span compute(datamon::compute);
  device.copy();
  for (int i = 0; i < variant.kernels; ++i) {
    device.launch(rounds);
    burn_us(variant.host_us);
  }
  device.wait();
  compute.item(batch);
}

void train(const Variant& variant, double seconds, double rounds_per_us) {
  datamon::thread(DATAMON_ROLE_CONSUMER);
  Device device(variant);
  const int rounds = static_cast<int>(rounds_per_us * variant.kernel_us);
  Loader loader(variant);
  for (std::uint64_t i = 0; i < kWarmUp; ++i) step(variant, loader, device, rounds);
  const auto start = Clock::now();
  std::uint64_t steps = 0;
  double spent_s = 0;
  for (; spent_s < seconds; ++steps) {
    step(variant, loader, device, rounds);
    spent_s = std::chrono::duration<double>(Clock::now() - start).count();
  }
  const auto count = static_cast<double>(steps);
  std::printf(
      "{\"variant\": \"%s\", \"steps\": %llu, \"step_ms\": %.6f, \"kernels_per_s\": %.1f}\n",
      variant.name, static_cast<unsigned long long>(steps), 1e3 * spent_s / count,
      count * variant.kernels / spent_s);
}

const Variant* find_variant(const std::string& name) {
  for (const Variant& variant : kVariants)
    if (name == variant.name) return &variant;
  return nullptr;
}

}  // namespace

int main(int count, char** arguments) try {
  const std::string name = count == 4 ? arguments[1] : "";
  const bool calibrate = name == "calibrate";
  const Variant* variant = calibrate ? &kVariants[0] : find_variant(name);
  const double seconds = count == 4 ? std::atof(arguments[2]) : 0;
  const double rounds_per_us = count == 4 ? std::atof(arguments[3]) : 0;
  if (variant == nullptr || (!calibrate && (!(seconds > 0) || !(rounds_per_us > 0)))) {
    std::fprintf(stderr, "gpu-job VARIANT SECONDS ROUNDS_PER_US, VARIANT one of: calibrate");
    for (const Variant& each : kVariants) std::fprintf(stderr, ", %s", each.name);
    std::fprintf(stderr, "\n");
    return 2;
  }
  int devices = 0;
  const cudaError_t error = cudaGetDeviceCount(&devices);
  if (error != cudaSuccess || devices == 0) {
    std::fprintf(stderr, "gpu-job: no GPU: %s\n",
                 error != cudaSuccess ? cudaGetErrorString(error) : "none is visible");
    return 1;
  }
  if (calibrate) {
    std::printf("{\"rounds_per_us\": %.3f}\n", Device(*variant).calibrate());
  } else {
    train(*variant, seconds, rounds_per_us);
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "gpu-job: %s\n", error.what());
  return 1;
}
