// The kernels: thin, as their bodies are in headers that the host's tests run too.
#include <cuda_runtime.h>

#include <algorithm>

#include "pipeline/gpu/kernels.h"
#include "pipeline/gpu/resize_block.h"

namespace datamon::pipeline::gpu {
namespace {

// One of CUDA's thread blocks (block.h).
class DeviceBlock {
 public:
  template <typename Body>
  __device__ void parallel(Body body) const {
    body(static_cast<int>(threadIdx.x), static_cast<int>(blockDim.x));
    __syncthreads();
  }
  __device__ std::uint8_t* shared() const {
    extern __shared__ std::uint32_t shared_words[];
    return reinterpret_cast<std::uint8_t*>(shared_words);
  }
};

__global__ void weights_kernel(const SampleTask* tasks, int output_width, int output_height) {
  const SampleTask& task = tasks[blockIdx.x];
  if (blockIdx.y == 0) {
    make_weights(DeviceBlock(), task.horizontal, task.width, output_width);
  } else {
    make_weights(DeviceBlock(), task.vertical, task.height, output_height);
  }
}

// Element and layout as constants: the choice between them falls away from the inner loop.
template <Element kElement, Layout kLayout>
__global__ void transform_kernel(const SampleTask* tasks, OutputSpec output) {
  output.element = kElement;
  output.layout = kLayout;
  const int sample = static_cast<int>(blockIdx.y);
  transform_tile(DeviceBlock(), tasks[sample], sample, static_cast<int>(blockIdx.x), output);
}

__global__ void flip_kernel(FlipWork work) {
  flip_pixels(DeviceBlock(), static_cast<int>(blockIdx.x), static_cast<int>(gridDim.x), work);
}
__global__ void normalise_kernel(NormaliseWork work) {
  normalise_pixels(DeviceBlock(), static_cast<int>(blockIdx.x), static_cast<int>(gridDim.x), work);
}
__global__ void reformat_kernel(ReformatWork work) {
  reformat_pixels(DeviceBlock(), static_cast<int>(blockIdx.x), static_cast<int>(gridDim.x), work);
}

constexpr int kThreads = 256;
constexpr int kMostSamples = 65535;  // a grid's y

unsigned blocks_for(std::int64_t pixels) {
  constexpr std::int64_t kMost = 4096;  // enough for any GPU; each block then goes on
  return static_cast<unsigned>(
      std::clamp<std::int64_t>((pixels + kThreads - 1) / kThreads, 1, kMost));
}

using TransformKernel = void (*)(const SampleTask*, OutputSpec);
TransformKernel transform_kernel_for(const OutputSpec& output) {
  const bool nchw = output.layout == Layout::nchw;
  switch (output.element) {
    case Element::u8:
      return nchw ? transform_kernel<Element::u8, Layout::nchw>
                  : transform_kernel<Element::u8, Layout::nhwc>;
    case Element::f16:
      return nchw ? transform_kernel<Element::f16, Layout::nchw>
                  : transform_kernel<Element::f16, Layout::nhwc>;
    default:
      return nchw ? transform_kernel<Element::f32, Layout::nchw>
                  : transform_kernel<Element::f32, Layout::nhwc>;
  }
}

}  // namespace

int launch_weights(const SampleTask* tasks, int samples, int output_width, int output_height,
                   Stream stream) {
  if (samples <= 0) return 0;
  const dim3 grid(static_cast<unsigned>(samples), 2);
  weights_kernel<<<grid, 128, 0, stream>>>(tasks, output_width, output_height);
  return cudaGetLastError();
}

int launch_transform(const SampleTask* tasks, int samples, const SamplePlan& plan,
                     const OutputSpec& output, Stream stream) {
  const std::size_t sample_bytes =
      static_cast<std::size_t>(output.sample_elements()) * element_bytes(output.element);
  // A column a thread: whole warps, as few idle threads as may be.
  const int threads = std::min((output.width + 31) / 32 * 32, kThreads);
  for (int first = 0; first < samples; first += kMostSamples) {
    OutputSpec part = output;
    part.memory = static_cast<std::byte*>(output.memory) + sample_bytes * first;
    const int count = std::min(samples - first, kMostSamples);
    const dim3 grid(static_cast<unsigned>(plan.tiles), static_cast<unsigned>(count));
    transform_kernel_for(output)<<<grid, threads, plan.shared_bytes, stream>>>(tasks + first, part);
    if (const cudaError_t error = cudaGetLastError()) return error;
  }
  return 0;
}

int launch_flip(const FlipWork& work, Stream stream) {
  const std::int64_t pixels = std::int64_t{work.samples} * work.width * work.height;
  flip_kernel<<<blocks_for(pixels), kThreads, 0, stream>>>(work);
  return cudaGetLastError();
}

int launch_normalise(const NormaliseWork& work, Stream stream) {
  normalise_kernel<<<blocks_for(work.pixels), kThreads, 0, stream>>>(work);
  return cudaGetLastError();
}

int launch_reformat(const ReformatWork& work, Stream stream) {
  const std::int64_t pixels = std::int64_t{work.samples} * work.out.width * work.out.height;
  reformat_kernel<<<blocks_for(pixels), kThreads, 0, stream>>>(work);
  return cudaGetLastError();
}

}  // namespace datamon::pipeline::gpu
