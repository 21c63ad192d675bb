// A program of the CUDA run time: says what it sees, and uses it where it can.
#include <cuda_runtime_api.h>

#include <cstdio>
#include <vector>

int main() {
  int devices = 0;
  const cudaError_t result = cudaGetDeviceCount(&devices);
  std::printf("%d devices, %s\n", devices, cudaGetErrorName(result));
  if (devices == 0) return 0;
  std::vector<char> host(1 << 20);
  void* device = nullptr;
  if (cudaMalloc(&device, host.size()) != cudaSuccess) return 1;
  for (int i = 0; i < 10; ++i) {
    cudaMemsetAsync(device, i, host.size(), nullptr);
    cudaMemcpy(host.data(), device, host.size(), cudaMemcpyDeviceToHost);
  }
  cudaFree(device);
  return host.back() == 9 ? 0 : 1;
}
