// The machine's readings as columns and rows: which there are on this machine,
// and their values now. The list with units and meaning: docs/metrics.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "format/recording_format.h"
#include "monitor/block_source.h"
#include "system/cgroup.h"
#include "system/cpu_stat.h"
#include "system/disk.h"
#include "system/load_average.h"
#include "system/memory_info.h"
#include "system/network.h"
#include "system/nvml.h"
#include "system/pressure.h"
#include "system/proc_file.h"
#include "system/vm_stat.h"

namespace datamon::monitor {

inline constexpr std::size_t kMaxMetrics = 320;

// The sampler's own readings, which it adds to each row.
struct SamplerCost {
  std::uint64_t cpu_ns = 0;
  std::uint64_t interval_ns = 0;
};

// Opens its files at construction and keeps them open; sample() allocates
// nothing. Large (some 50 KiB): not for the stack. Not thread-safe.
class MachineMetrics {
 public:
  // `gpus` may be nullptr or without GPUs, and must live as long as this does.
  MachineMetrics(std::string_view root, const system::Nvml* gpus, system::Scratch& scratch);

  std::size_t size() const { return count_; }
  const format::MetricRecord* records() const { return records_.data(); }

  // Fills values[0 .. size()). `now_ns` is any clock that only grows.
  void sample(double* values, std::uint64_t now_ns, const SamplerCost& cost,
              system::Scratch& scratch);

  // Notes what does not change: CPU model, disk behind the working directory...
  void note_machine(BlockSource& notes, system::Scratch& scratch) const;

 private:
  class Row;
  void visit(Row& row, std::uint64_t now_ns, const SamplerCost& cost, system::Scratch& scratch);
  void visit_cpu(Row& row, std::uint64_t now_ns, system::Scratch& scratch);
  void visit_pressure(Row& row, system::Scratch& scratch);
  void visit_disks(Row& row, system::Scratch& scratch);
  void visit_memory(Row& row, system::Scratch& scratch);
  void visit_gpus(Row& row, std::uint64_t now_ns);
  void refresh_limits(std::uint64_t now_ns, system::Scratch& scratch);
  void refresh_gpus(std::uint64_t now_ns);
  void refresh_pcie(std::uint64_t now_ns);

  struct Root {
    std::array<char, 256> text{};
    explicit Root(std::string_view root);
    std::string_view view() const { return text.data(); }
  };
  struct Gpu {
    system::GpuReading reading;
    double pcie_rx = system::GpuReading::kUnknown;
    double pcie_tx = system::GpuReading::kUnknown;
  };
  static constexpr std::uint64_t kNever = UINT64_MAX;

  Root root_;
  system::DiskName own_disk_;
  system::CpuStatReader cpu_;
  system::LoadAverageReader load_;
  system::MemoryInfoReader memory_;
  system::VmStatReader vm_;
  system::CgroupReader cgroup_;
  system::DiskReader disks_;
  system::NetworkReader network_;
  system::PressureReader cpu_pressure_, io_pressure_, memory_pressure_;
  bool has_pressure_[3] = {}, has_cgroup_pressure_[3] = {};

  std::optional<double> cpu_limit_;
  std::optional<int> affinity_;
  std::uint64_t limits_read_ns_ = kNever;

  const system::Nvml* gpus_;
  std::array<Gpu, system::Nvml::kMaxGpus> gpu_{};
  std::uint64_t gpus_read_ns_ = kNever;
  std::uint64_t pcie_read_ns_ = kNever;
  unsigned pcie_turn_ = 0;

  std::array<format::MetricRecord, kMaxMetrics> records_{};
  std::size_t count_ = 0;
};

}  // namespace datamon::monitor
