// A shared library with two of the driver's symbols under the driver's own name
// (libcuda.so.1), in place of a driver: what devices are called.
#include <cstdio>

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT int cuDeviceGet(int* handle, int number) {
  if (number > 3) return 101;  // CUDA_ERROR_INVALID_DEVICE
  *handle = 40 + number;
  return 0;
}

EXPORT int cuDeviceGetName(char* room, int bytes, int handle) {
  std::snprintf(room, static_cast<std::size_t>(bytes), "NVIDIA Pretence %d", handle - 40);
  return 0;
}
