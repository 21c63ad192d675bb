// NVIDIA GPUs through NVML, opened at run time: no SDK is needed to build, no
// driver to run. The declarations are our own, of NVML's stable C interface.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string_view>

#include "system/nvml_abi.h"

namespace datamon::system {

// NaN: this GPU or driver does not tell.
struct GpuReading {
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  double busy_percent = kUnknown;         // a kernel ran
  double memory_busy_percent = kUnknown;  // device memory was read or written
  double memory_used_bytes = kUnknown;
  double memory_total_bytes = kUnknown;
  double sm_clock_mhz = kUnknown;
  double throttle_reasons = kUnknown;  // NVML's bits
  double decoder_percent = kUnknown;
  double jpeg_percent = kUnknown;
};

enum class PcieDirection : unsigned { kDeviceToHost = 0, kHostToDevice = 1 };

// Not thread-safe. Nothing throws. open() may take tens of milliseconds and
// loads a library: not for a hot path, and not while the process forks.
class Nvml {
 public:
  static constexpr unsigned kMaxGpus = 16;

  Nvml() = default;
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;
  ~Nvml();

  // `library` nullptr: the driver's libnvidia-ml.so.1. False: problem() says why.
  bool open(const char* library = nullptr);

  const char* problem() const { return problem_.data(); }
  unsigned gpus() const { return count_; }  // at most kMaxGpus
  std::string_view name(unsigned gpu) const { return names_[gpu].data(); }
  std::string_view driver() const { return driver_.data(); }

  // A few microseconds to some hundred, no waiting.
  GpuReading read(unsigned gpu) const;

  // Bytes a second over 20 ms, for which it blocks; NaN: not told.
  double pcie_bytes_per_s(unsigned gpu, PcieDirection direction) const;

 private:
  bool fail(const char* what, const char* detail);
  bool resolve();
  void find_devices();

  static constexpr unsigned kTextBytes = 96;  // as much as NVML writes of a name

  void* library_ = nullptr;
  nvml::Functions call_{};
  std::array<nvml::Device, kMaxGpus> devices_{};
  std::array<std::array<char, kTextBytes>, kMaxGpus> names_{};
  std::array<char, kTextBytes> driver_{};
  std::array<char, 256> problem_{};
  unsigned count_ = 0;
  bool initialised_ = false;
};

}  // namespace datamon::system
