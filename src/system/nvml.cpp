#include "system/nvml.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace datamon::system {
namespace {

template <typename Function>
void resolve_one(void* library, const char* name, Function& function) {
  void* symbol = ::dlsym(library, name);
  std::memcpy(&function, &symbol, sizeof symbol);
}

}  // namespace

Nvml::~Nvml() {
  // The library stays loaded: other users of it in this process may rely on it.
  if (initialised_) call_.shutdown();
}

bool Nvml::fail(const char* what, const char* detail) {
  std::snprintf(problem_.data(), problem_.size(), "%s: %s", what, detail);
  count_ = 0;
  return false;
}

bool Nvml::resolve() {
  resolve_one(library_, "nvmlInit_v2", call_.init);
  resolve_one(library_, "nvmlShutdown", call_.shutdown);
  resolve_one(library_, "nvmlErrorString", call_.error_string);
  resolve_one(library_, "nvmlDeviceGetCount_v2", call_.device_count);
  resolve_one(library_, "nvmlDeviceGetHandleByIndex_v2", call_.device_by_index);
  resolve_one(library_, "nvmlSystemGetDriverVersion", call_.driver_version);
  resolve_one(library_, "nvmlDeviceGetName", call_.name);
  resolve_one(library_, "nvmlDeviceGetUtilizationRates", call_.utilization);
  resolve_one(library_, "nvmlDeviceGetMemoryInfo", call_.memory);
  resolve_one(library_, "nvmlDeviceGetClockInfo", call_.clock);
  resolve_one(library_, "nvmlDeviceGetCurrentClocksThrottleReasons", call_.throttle_reasons);
  if (call_.throttle_reasons == nullptr)  // its later name
    resolve_one(library_, "nvmlDeviceGetCurrentClocksEventReasons", call_.throttle_reasons);
  resolve_one(library_, "nvmlDeviceGetPcieThroughput", call_.pcie_throughput);
  resolve_one(library_, "nvmlDeviceGetDecoderUtilization", call_.decoder);
  resolve_one(library_, "nvmlDeviceGetJpgUtilization", call_.jpeg);
  return call_.init != nullptr && call_.shutdown != nullptr && call_.error_string != nullptr &&
         call_.device_count != nullptr && call_.device_by_index != nullptr;
}

bool Nvml::open(const char* library) {
  if (initialised_) return true;
  const char* name = library != nullptr ? library : "libnvidia-ml.so.1";
  library_ = ::dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (library_ == nullptr) {
    const char* why = ::dlerror();
    return fail("no NVIDIA driver library", why != nullptr ? why : name);
  }
  if (!resolve()) return fail("not an NVML library", name);
  if (const nvml::Result result = call_.init(); result != 0)
    return fail("NVML does not start", call_.error_string(result));
  initialised_ = true;
  find_devices();
  return count_ > 0 || fail("no GPU is visible to this process", name);
}

void Nvml::find_devices() {
  unsigned found = 0;
  if (call_.driver_version != nullptr) call_.driver_version(driver_.data(), kTextBytes - 1);
  if (call_.device_count(&found) != 0) return;
  for (unsigned index = 0; index < std::min(found, kMaxGpus); ++index) {
    // One that does not answer (fallen off the bus) keeps its place, so that
    // numbers stay those of nvidia-smi; its readings are unknown.
    if (call_.device_by_index(index, &devices_[index]) != 0) devices_[index] = nullptr;
    if (devices_[index] != nullptr && call_.name != nullptr)
      call_.name(devices_[index], names_[index].data(), kTextBytes - 1);
    count_ = index + 1;
  }
}

GpuReading Nvml::read(unsigned gpu) const {
  GpuReading reading;
  if (gpu >= count_ || devices_[gpu] == nullptr) return reading;
  const nvml::Device device = devices_[gpu];
  nvml::Utilization utilization{};
  if (call_.utilization != nullptr && call_.utilization(device, &utilization) == 0) {
    reading.busy_percent = utilization.gpu;
    reading.memory_busy_percent = utilization.memory;
  }
  nvml::Memory memory{};
  if (call_.memory != nullptr && call_.memory(device, &memory) == 0) {
    reading.memory_used_bytes = static_cast<double>(memory.used);
    reading.memory_total_bytes = static_cast<double>(memory.total);
  }
  unsigned value = 0, period_us = 0;
  if (call_.clock != nullptr && call_.clock(device, nvml::kClockSm, &value) == 0)
    reading.sm_clock_mhz = value;
  unsigned long long reasons = 0;
  if (call_.throttle_reasons != nullptr && call_.throttle_reasons(device, &reasons) == 0)
    reading.throttle_reasons = static_cast<double>(reasons);
  if (call_.decoder != nullptr && call_.decoder(device, &value, &period_us) == 0)
    reading.decoder_percent = value;
  if (call_.jpeg != nullptr && call_.jpeg(device, &value, &period_us) == 0)
    reading.jpeg_percent = value;
  return reading;
}

double Nvml::pcie_bytes_per_s(unsigned gpu, PcieDirection direction) const {
  unsigned kilobytes = 0;
  if (gpu >= count_ || devices_[gpu] == nullptr || call_.pcie_throughput == nullptr ||
      call_.pcie_throughput(devices_[gpu], static_cast<unsigned>(direction), &kilobytes) != 0)
    return GpuReading::kUnknown;
  return kilobytes * 1000.0;
}

}  // namespace datamon::system
