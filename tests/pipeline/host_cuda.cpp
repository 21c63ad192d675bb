#include "host_cuda.h"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <set>
#include <vector>

#include "pipeline/gpu/block.h"
#include "pipeline/gpu/kernels.h"
#include "pipeline/gpu/resize_block.h"

struct CUstream_st {
  std::deque<std::function<void()>> work;

  void run_one() {
    const auto next = std::move(work.front());
    work.pop_front();
    next();
  }
  void run_all() {
    while (!work.empty()) run_one();
  }
};

struct CUevent_st {
  CUstream_st* stream = nullptr;
  bool reached = false;
  std::chrono::steady_clock::time_point when;
};

namespace datamon::pipeline::test {
namespace {

std::set<CUstream_st*>& streams() {
  static std::set<CUstream_st*> all;
  return all;
}

std::map<void*, std::size_t>& blocks() {
  static std::map<void*, std::size_t> all;
  return all;
}

cudaError_t take(void** memory, std::size_t bytes, std::size_t& sum) {
  *memory = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  std::memset(*memory, 0xa5, bytes);
  blocks()[*memory] = bytes;
  sum += bytes;
  host_cuda().allocations += 1;
  return cudaSuccess;
}

cudaError_t give(void* memory, std::size_t& sum) {
  if (memory == nullptr) return cudaSuccess;
  sum -= blocks().at(memory);
  blocks().erase(memory);
  std::free(memory);
  return cudaSuccess;
}

}  // namespace

void enqueue(CUstream_st* stream, std::function<void()> work) {
  stream->work.push_back(std::move(work));
}

HostCuda& host_cuda() {
  static HostCuda state;
  return state;
}

}  // namespace datamon::pipeline::test

using datamon::pipeline::test::blocks;
using datamon::pipeline::test::enqueue;
using datamon::pipeline::test::give;
using datamon::pipeline::test::host_cuda;
using datamon::pipeline::test::streams;
using datamon::pipeline::test::take;

extern "C" {

void datamon_test_enqueue(CUstream_st* stream, void (*work)(void*), void* argument) {
  enqueue(stream, [work, argument] { work(argument); });
}

cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  *properties = {};
  std::strcpy(properties->name, "the CPU in a GPU's place");
  return cudaSuccess;
}
cudaError_t cudaDriverGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}
const char* cudaGetErrorString(cudaError_t) { return "an error"; }
const char* cudaGetErrorName(cudaError_t) { return "cudaError"; }
cudaError_t cudaMemGetInfo(std::size_t* free_bytes, std::size_t* all) {
  *all = host_cuda().free_bytes;
  *free_bytes = *all - std::min(*all, host_cuda().device_bytes);
  return cudaSuccess;
}
cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
  return take(memory, bytes, host_cuda().device_bytes);
}
cudaError_t cudaFree(void* memory) { return give(memory, host_cuda().device_bytes); }
cudaError_t cudaMallocHost(void** memory, std::size_t bytes) {
  return take(memory, bytes, host_cuda().pinned_bytes);
}
cudaError_t cudaFreeHost(void* memory) { return give(memory, host_cuda().pinned_bytes); }
cudaError_t cudaHostRegister(void* memory, std::size_t bytes, unsigned) {
  blocks()[memory] = bytes;
  host_cuda().pinned_bytes += bytes;
  return cudaSuccess;
}
cudaError_t cudaHostUnregister(void* memory) {
  host_cuda().pinned_bytes -= blocks().at(memory);
  blocks().erase(memory);
  return cudaSuccess;
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  *stream = new CUstream_st;
  streams().insert(*stream);
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  streams().erase(stream);
  delete stream;
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  stream->run_all();
  return cudaSuccess;
}
cudaError_t cudaDeviceSynchronize() {
  for (CUstream_st* stream : streams()) stream->run_all();
  return cudaSuccess;
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new CUevent_st;
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  event->stream = stream;
  event->reached = false;
  enqueue(stream, [event] {
    event->reached = true;
    event->when = std::chrono::steady_clock::now();
  });
  return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  while (!event->reached) event->stream->run_one();
  return cudaSuccess;
}
cudaError_t cudaEventElapsedTime(float* ms, cudaEvent_t from, cudaEvent_t to) {
  if (!from->reached || !to->reached) return cudaErrorNotReady;
  *ms = std::chrono::duration<float, std::milli>(to->when - from->when).count();
  return cudaSuccess;
}
cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind) {
  std::memcpy(to, from, bytes);  // the legacy stream, which does not wait for the others
  return cudaSuccess;
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind,
                            cudaStream_t stream) {
  enqueue(stream, [=] { std::memcpy(to, from, bytes); });
  return cudaSuccess;
}
cudaError_t cudaMemcpy2DAsync(void* to, std::size_t to_pitch, const void* from,
                              std::size_t from_pitch, std::size_t width, std::size_t height,
                              cudaMemcpyKind, cudaStream_t stream) {
  enqueue(stream, [=] {
    for (std::size_t y = 0; y < height; ++y)
      std::memcpy(static_cast<char*>(to) + y * to_pitch,
                  static_cast<const char*>(from) + y * from_pitch, width);
  });
  return cudaSuccess;
}

}  // extern "C"

namespace datamon::pipeline::gpu {

int launch_weights(const SampleTask* tasks, int samples, int output_width, int output_height,
                   Stream stream) {
  enqueue(stream, [=] {
    for (int i = 0; i < samples; ++i) {
      const HostBlock block(128, nullptr);
      make_weights(block, tasks[i].horizontal, tasks[i].width, output_width);
      make_weights(block, tasks[i].vertical, tasks[i].height, output_height);
    }
  });
  return 0;
}

int launch_transform(const SampleTask* tasks, int samples, const SamplePlan& plan,
                     const OutputSpec& output, Stream stream) {
  enqueue(stream, [=] {
    std::vector<std::uint32_t> shared(plan.shared_bytes / 4 + 1);
    const HostBlock block(64, reinterpret_cast<std::uint8_t*>(shared.data()));
    for (int sample = 0; sample < samples; ++sample)
      for (int tile = 0; tile < plan.tiles; ++tile)
        transform_tile(block, tasks[sample], sample, tile, output);
  });
  return 0;
}

int launch_flip(const FlipWork& work, Stream stream) {
  enqueue(stream, [=] { flip_pixels(HostBlock(64, nullptr), 0, 1, work); });
  return 0;
}

int launch_normalise(const NormaliseWork& work, Stream stream) {
  enqueue(stream, [=] { normalise_pixels(HostBlock(64, nullptr), 0, 1, work); });
  return 0;
}

int launch_reformat(const ReformatWork& work, Stream stream) {
  enqueue(stream, [=] { reformat_pixels(HostBlock(64, nullptr), 0, 1, work); });
  return 0;
}

}  // namespace datamon::pipeline::gpu
