// A shared library with NVML's symbols: two GPUs, the second without decoder
// readings and, with DATAMON_FAKE_NVML=lost, fallen off the bus;
// DATAMON_FAKE_NVML=none has no GPU, =refuse does not start. Declarations are
// NVML's own, written down again so that they check ours.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

constexpr int kSuccess = 0, kNotSupported = 3, kLost = 15, kUninitialized = 1;
int started = 0;
char devices[2];

bool mode(const char* wanted) {
  const char* chosen = std::getenv("DATAMON_FAKE_NVML");
  return chosen != nullptr && std::strcmp(chosen, wanted) == 0;
}

int number_of(const void* device) { return device == &devices[0] ? 0 : 1; }

}  // namespace

struct nvmlUtilization_st {
  unsigned int gpu, memory;
};
struct nvmlMemory_st {
  unsigned long long total, free, used;
};

EXPORT int nvmlInit_v2() {
  if (mode("refuse")) return 9;
  ++started;
  return kSuccess;
}
EXPORT int nvmlShutdown() {
  --started;
  return kSuccess;
}
EXPORT int fake_nvml_started() { return started; }
EXPORT const char* nvmlErrorString(int result) {
  return result == 9 ? "Driver Not Loaded" : "Unknown Error";
}
EXPORT int nvmlDeviceGetCount_v2(unsigned int* count) {
  *count = mode("none") ? 0 : 2;
  return started > 0 ? kSuccess : kUninitialized;
}
EXPORT int nvmlDeviceGetHandleByIndex_v2(unsigned int index, void** device) {
  if (index == 0 && mode("lost")) return kLost;
  *device = &devices[index];
  return kSuccess;
}
EXPORT int nvmlSystemGetDriverVersion(char* text, unsigned int bytes) {
  std::snprintf(text, bytes, "550.90.07");
  return kSuccess;
}
EXPORT int nvmlDeviceGetName(void* device, char* text, unsigned int bytes) {
  std::snprintf(text, bytes, "Test GPU %d", number_of(device));
  return kSuccess;
}
EXPORT int nvmlDeviceGetUtilizationRates(void* device, nvmlUtilization_st* rates) {
  rates->gpu = number_of(device) == 0 ? 87 : 12;
  rates->memory = 34;
  return kSuccess;
}
EXPORT int nvmlDeviceGetMemoryInfo(void*, nvmlMemory_st* memory) {
  memory->total = 80ull << 30;
  memory->used = 11ull << 30;
  memory->free = memory->total - memory->used;
  return kSuccess;
}
EXPORT int nvmlDeviceGetClockInfo(void*, int type, unsigned int* megahertz) {
  *megahertz = type == 1 ? 1755 : 0;
  return kSuccess;
}
EXPORT int nvmlDeviceGetCurrentClocksThrottleReasons(void*, unsigned long long* reasons) {
  *reasons = 0x4;
  return kSuccess;
}
EXPORT int nvmlDeviceGetPcieThroughput(void*, int counter, unsigned int* kilobytes) {
  const timespec pause{0, 20'000'000};  // as the real one
  ::nanosleep(&pause, nullptr);
  *kilobytes = counter == 1 ? 2'000'000 : 3'000;  // 1: received by the device
  return kSuccess;
}
EXPORT int nvmlDeviceGetDecoderUtilization(void* device, unsigned int* percent, unsigned int*) {
  if (number_of(device) == 1) return kNotSupported;
  *percent = 5;
  return kSuccess;
}
// nvmlDeviceGetJpgUtilization is left out, as in older drivers.
