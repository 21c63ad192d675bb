#include "pipeline/gpu/device.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdlib>

#include "pipeline/error.h"

namespace datamon::pipeline::gpu {
namespace {

bool driver_is_there() {
  void* const library = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (library != nullptr) dlclose(library);
  return library != nullptr;
}

// CUDA's version numbers: 13000 is 13.0.
std::string version_text(int version) {
  return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

std::string why_no_device(cudaError_t error) {
  if (!driver_is_there()) return "there is no NVIDIA driver here (libcuda.so.1)";
  int driver = 0;
  if (cudaDriverGetVersion(&driver) == cudaSuccess && driver > 0 &&
      driver / 1000 < CUDART_VERSION / 1000)
    return fmt::format("the NVIDIA driver is made for CUDA {}, this program needs {}",
                       version_text(driver), version_text(CUDART_VERSION));
  const char* const visible = std::getenv("CUDA_VISIBLE_DEVICES");
  return fmt::format(
      "the NVIDIA driver gives no GPU ({}){}", cudaGetErrorString(error),
      visible != nullptr ? fmt::format("; CUDA_VISIBLE_DEVICES is '{}'", visible) : std::string());
}

}  // namespace

void check(int error, const char* what) {
  if (error == cudaSuccess) return;
  const auto code = static_cast<cudaError_t>(error);
  throw PipelineError(fmt::format(
      "the GPU could not {}: {} ({}){}", what, cudaGetErrorString(code), cudaGetErrorName(code),
      code == cudaErrorMemoryAllocation ? "; use a smaller --batch or --image-pixels" : ""));
}

std::string check_device(const char* backend) {
  int devices = 0;
  const cudaError_t error = cudaGetDeviceCount(&devices);
  if (error != cudaSuccess || devices == 0)
    throw PipelineError(
        fmt::format("--backend {}: {}; use --backend cpu, or run on a machine with one", backend,
                    why_no_device(error)));
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, 0), "say what it is");
  return properties.name;
}

DeviceBuffer::DeviceBuffer(std::size_t bytes) : bytes_(bytes) {
  if (bytes > 0) check(cudaMalloc(&data_, bytes), "give memory");
}
DeviceBuffer::~DeviceBuffer() {
  if (data_ != nullptr) cudaFree(data_);
}

PinnedBuffer::PinnedBuffer(std::size_t bytes) {
  if (bytes > 0) check(cudaMallocHost(&data_, bytes), "pin host memory");
}
PinnedBuffer::~PinnedBuffer() {
  if (data_ != nullptr) cudaFreeHost(data_);
}

PinnedRange::PinnedRange(std::span<std::byte> memory) : data_(memory.data()) {
  check(cudaHostRegister(data_, memory.size(), cudaHostRegisterDefault), "pin the batches' memory");
}
PinnedRange::~PinnedRange() { cudaHostUnregister(data_); }

DeviceStream::DeviceStream() {
  check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "make a stream");
}
DeviceStream::~DeviceStream() { cudaStreamDestroy(stream_); }

DeviceEvent::DeviceEvent() {
  check(cudaEventCreateWithFlags(&event_, cudaEventBlockingSync), "make an event");
}
DeviceEvent::~DeviceEvent() { cudaEventDestroy(event_); }

double DeviceEvent::ns_since(const DeviceEvent& earlier) const {
  float ms = 0;
  check(cudaEventElapsedTime(&ms, earlier.event_, event_), "tell the time");
  return static_cast<double>(ms) * 1e6;
}

}  // namespace datamon::pipeline::gpu
