#include "monitor/sampler_metrics.h"

#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "monitor/sampler_pace.h"
#include "system/affinity.h"
#include "system/cpu_info.h"

namespace datamon::monitor {
namespace {

using format::MetricKind;
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr std::uint64_t kLimitsEvery = 10 * kSecond_ns;
constexpr std::uint64_t kGpusEvery = kSecond_ns / 2;
constexpr std::uint64_t kPcieEvery = kSecond_ns / 4;

// A metric's name: parts that are put together only when it is described.
struct Name {
  std::string_view family;  // "disk."
  std::string_view instance;
  std::string_view rest;  // ".reads"
};

void copy_text(std::string_view text, char* place, std::size_t place_bytes,
               std::uint16_t& text_bytes) {
  const std::size_t size = std::min(text.size(), place_bytes);
  std::copy_n(text.begin(), size, place);
  text_bytes = static_cast<std::uint16_t>(size);
}

std::string_view digits(unsigned value, char (&text)[12]) {
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

bool due(std::uint64_t latest_ns, std::uint64_t now_ns, std::uint64_t every_ns) {
  return latest_ns == UINT64_MAX || now_ns - latest_ns >= every_ns;
}

system::DiskName disk_of_working_directory(std::string_view root, system::Scratch& scratch) {
  char path[512];
  struct stat status {};
  if (::getcwd(path, sizeof path) == nullptr || ::stat(".", &status) != 0) return {};
  return system::find_storage(root, status.st_dev, path, scratch).disk;
}

}  // namespace

// One pass over all readings gives both: the first, with `records`, says what
// the columns are; later ones only fill in the values.
class MachineMetrics::Row {
 public:
  Row(double* values, format::MetricRecord* records) : values_(values), records_(records) {}

  void counter(const Name& name, std::string_view unit, double value) {
    put(MetricKind::kCounter, name, unit, value);
  }
  void gauge(const Name& name, std::string_view unit, double value) {
    put(MetricKind::kGauge, name, unit, value);
  }
  void counter(std::string_view name, std::string_view unit, double value) {
    counter(Name{"", "", name}, unit, value);
  }
  void gauge(std::string_view name, std::string_view unit, double value) {
    gauge(Name{"", "", name}, unit, value);
  }
  std::size_t size() const { return size_; }

 private:
  void put(MetricKind kind, const Name& name, std::string_view unit, double value) {
    if (size_ == kMaxMetrics) return;
    values_[size_] = value;
    if (records_ != nullptr) describe(kind, name, unit);
    ++size_;
  }

  void describe(MetricKind kind, const Name& name, std::string_view unit) {
    format::MetricRecord& record = records_[size_];
    record.kind = static_cast<std::uint32_t>(kind);
    copy_text(unit, record.unit, sizeof record.unit, record.unit_bytes);
    const system::Path whole{name.family, name.instance, name.rest};
    copy_text(whole.view(), record.name, sizeof record.name, record.name_bytes);
  }

  double* values_;
  format::MetricRecord* records_;
  std::size_t size_ = 0;
};

namespace {

template <typename Number>
double value_of(const std::optional<Number>& number) {
  return number ? static_cast<double>(*number) : kUnknown;
}

// The member of what was read, or NaN when nothing was.
template <typename Reading, typename Member>
double value_of(const std::optional<Reading>& reading, Member Reading::*member) {
  return reading ? static_cast<double>((*reading).*member) : kUnknown;
}

}  // namespace

MachineMetrics::Root::Root(std::string_view root) {
  if (root.size() < text.size()) std::copy(root.begin(), root.end(), text.begin());
}

MachineMetrics::MachineMetrics(std::string_view root, const system::Nvml* gpus,
                               system::Scratch& scratch)
    : root_(root),
      own_disk_(disk_of_working_directory(root, scratch)),
      cpu_(root),
      load_(root),
      memory_(root),
      vm_(root),
      cgroup_(root, scratch),
      disks_(root, own_disk_.view(), scratch),
      network_(root, scratch),
      cpu_pressure_(system::Path{root, "/proc/pressure/cpu"}),
      io_pressure_(system::Path{root, "/proc/pressure/io"}),
      memory_pressure_(system::Path{root, "/proc/pressure/memory"}),
      gpus_(gpus) {
  has_pressure_[0] = cpu_pressure_.available(scratch);
  has_pressure_[1] = io_pressure_.available(scratch);
  has_pressure_[2] = memory_pressure_.available(scratch);
  has_cgroup_pressure_[0] = cgroup_.cpu_pressure().available(scratch);
  has_cgroup_pressure_[1] = cgroup_.io_pressure().available(scratch);
  has_cgroup_pressure_[2] = cgroup_.memory_pressure().available(scratch);
  // Columns are described without waiting for PCIe readings, which come later.
  pcie_read_ns_ = 0;
  std::array<double, kMaxMetrics> values;
  Row row(values.data(), records_.data());
  visit(row, 0, {}, scratch);
  count_ = row.size();
}

void MachineMetrics::sample(double* values, std::uint64_t now_ns, const SamplerCost& cost,
                            system::Scratch& scratch) {
  Row row(values, nullptr);
  visit(row, now_ns, cost, scratch);
}

void MachineMetrics::visit(Row& row, std::uint64_t now_ns, const SamplerCost& cost,
                           system::Scratch& scratch) {
  visit_cpu(row, now_ns, scratch);
  visit_pressure(row, scratch);
  visit_memory(row, scratch);
  const auto network = network_.read(scratch);
  row.counter("net.receive_bytes", "bytes", value_of(network, &system::NetworkStat::receive_bytes));
  row.counter("net.send_bytes", "bytes", value_of(network, &system::NetworkStat::send_bytes));
  visit_disks(row, scratch);
  visit_gpus(row, now_ns);
  row.counter("sampler.cpu", "ns", static_cast<double>(cost.cpu_ns));
  row.gauge("sampler.interval", "ns", static_cast<double>(cost.interval_ns));
}

// Limits may be changed while the job runs, but rarely are.
void MachineMetrics::refresh_limits(std::uint64_t now_ns, system::Scratch& scratch) {
  if (!due(limits_read_ns_, now_ns, kLimitsEvery)) return;
  limits_read_ns_ = now_ns;
  cpu_limit_ = cgroup_.cpu_limit(scratch);
  affinity_ = system::affinity_cores();
}

void MachineMetrics::visit_cpu(Row& row, std::uint64_t now_ns, system::Scratch& scratch) {
  using system::CpuStat;
  const auto stat = cpu_.read(scratch);
  row.counter("cpu.user", "ns", value_of(stat, &CpuStat::user_ns));
  row.counter("cpu.system", "ns", value_of(stat, &CpuStat::system_ns));
  row.counter("cpu.irq", "ns", value_of(stat, &CpuStat::irq_ns));
  row.counter("cpu.idle", "ns", value_of(stat, &CpuStat::idle_ns));
  row.counter("cpu.iowait", "ns", value_of(stat, &CpuStat::iowait_ns));
  row.counter("cpu.steal", "ns", value_of(stat, &CpuStat::steal_ns));
  row.counter("context.switches", "1", stat ? value_of(stat->context_switches) : kUnknown);
  row.gauge("run.blocked", "1", stat ? value_of(stat->blocked) : kUnknown);

  refresh_limits(now_ns, scratch);
  const double online = stat && stat->cores_online > 0 ? stat->cores_online : kUnknown;
  // fmin passes over what is unknown.
  const double allowed = std::fmin(std::fmin(online, value_of(affinity_)), value_of(cpu_limit_));
  row.gauge("cores.online", "1", online);
  row.gauge("cores.allowed", "1", allowed);
  if (cgroup_.has_cpu_limit()) {
    using system::CpuThrottling;
    const auto throttling = cgroup_.throttling(scratch);
    row.counter("cpu.periods", "1", value_of(throttling, &CpuThrottling::periods));
    row.counter("cpu.throttled_periods", "1",
                value_of(throttling, &CpuThrottling::throttled_periods));
    row.counter("cpu.throttled", "ns", value_of(throttling, &CpuThrottling::throttled_ns));
  }
  const auto load = load_.read(scratch);
  const double runnable = value_of(load, &system::LoadAverage::runnable);
  row.gauge("run.queue", "1", load ? std::max(runnable - 1, 0.0) : kUnknown);
}

void MachineMetrics::visit_pressure(Row& row, system::Scratch& scratch) {
  const auto file = [&](bool present, const system::PressureReader& reader, std::string_view family,
                        std::string_view kind, bool with_full) {
    if (!present) return;
    const auto pressure = reader.read(scratch);
    row.counter({family, kind, ".some"}, "ns", value_of(pressure, &system::Pressure::some_ns));
    if (with_full)
      row.counter({family, kind, ".full"}, "ns", value_of(pressure, &system::Pressure::full_ns));
  };
  file(has_pressure_[0], cpu_pressure_, "psi.", "cpu", false);
  file(has_pressure_[1], io_pressure_, "psi.", "io", true);
  file(has_pressure_[2], memory_pressure_, "psi.", "memory", true);
  file(has_cgroup_pressure_[0], cgroup_.cpu_pressure(), "cgroup.psi.", "cpu", false);
  file(has_cgroup_pressure_[1], cgroup_.io_pressure(), "cgroup.psi.", "io", true);
  file(has_cgroup_pressure_[2], cgroup_.memory_pressure(), "cgroup.psi.", "memory", true);
}

void MachineMetrics::visit_memory(Row& row, system::Scratch& scratch) {
  using system::MemoryInfo;
  using system::VmStat;
  const auto memory = memory_.read(scratch);
  row.gauge("memory.total", "bytes", value_of(memory, &MemoryInfo::total_bytes));
  row.gauge("memory.available", "bytes", value_of(memory, &MemoryInfo::available_bytes));
  row.gauge("memory.page_cache", "bytes", value_of(memory, &MemoryInfo::page_cache_bytes));
  if (cgroup_.has_memory_limit()) {
    const auto limited = cgroup_.memory(scratch);
    row.gauge("cgroup.memory.limit", "bytes",
              value_of(limited, &system::CgroupMemory::limit_bytes));
    row.gauge("cgroup.memory.used", "bytes", value_of(limited, &system::CgroupMemory::used_bytes));
  }
  const auto vm = vm_.read(scratch);
  row.counter("page.major_faults", "1", value_of(vm, &VmStat::major_faults));
  row.counter("page.refaults", "1", vm ? value_of(vm->refaults) : kUnknown);
  row.counter("page.in_bytes", "bytes", value_of(vm, &VmStat::paged_in_bytes));
}

void MachineMetrics::visit_disks(Row& row, system::Scratch& scratch) {
  using system::DiskStat;
  std::array<std::optional<DiskStat>, system::DiskReader::kMaxDisks> stats;
  disks_.read(scratch, stats);
  for (std::size_t index = 0; index < disks_.size(); ++index) {
    const std::string_view name = disks_.name(index);
    const auto& stat = stats[index];
    row.counter({"disk.", name, ".read_bytes"}, "bytes", value_of(stat, &DiskStat::read_bytes));
    row.counter({"disk.", name, ".reads"}, "1", value_of(stat, &DiskStat::reads));
    row.counter({"disk.", name, ".read_ns"}, "ns", value_of(stat, &DiskStat::read_ns));
    row.counter({"disk.", name, ".write_bytes"}, "bytes", value_of(stat, &DiskStat::write_bytes));
    row.counter({"disk.", name, ".busy_ns"}, "ns", value_of(stat, &DiskStat::busy_ns));
    row.gauge({"disk.", name, ".in_flight"}, "1", value_of(stat, &DiskStat::in_flight));
  }
}

void MachineMetrics::refresh_gpus(std::uint64_t now_ns) {
  if (!due(gpus_read_ns_, now_ns, kGpusEvery)) return;
  gpus_read_ns_ = now_ns;
  for (unsigned index = 0; index < gpus_->gpus(); ++index) gpu_[index].reading = gpus_->read(index);
}

// One GPU and direction in turn: a reading blocks for 20 ms.
void MachineMetrics::refresh_pcie(std::uint64_t now_ns) {
  if (!due(pcie_read_ns_, now_ns, kPcieEvery)) return;
  pcie_read_ns_ = now_ns;
  const unsigned index = pcie_turn_ / 2 % gpus_->gpus();
  if (pcie_turn_ % 2 == 0) {
    gpu_[index].pcie_rx = gpus_->pcie_bytes_per_s(index, system::PcieDirection::kHostToDevice);
  } else {
    gpu_[index].pcie_tx = gpus_->pcie_bytes_per_s(index, system::PcieDirection::kDeviceToHost);
  }
  ++pcie_turn_;
}

void MachineMetrics::visit_gpus(Row& row, std::uint64_t now_ns) {
  if (gpus_ == nullptr || gpus_->gpus() == 0) return;
  refresh_gpus(now_ns);
  refresh_pcie(now_ns);
  for (unsigned index = 0; index < gpus_->gpus(); ++index) {
    const Gpu& gpu = gpu_[index];
    char text[12];
    const std::string_view number = digits(index, text);
    row.gauge({"gpu.", number, ".busy"}, "%", gpu.reading.busy_percent);
    row.gauge({"gpu.", number, ".memory_busy"}, "%", gpu.reading.memory_busy_percent);
    row.gauge({"gpu.", number, ".memory_used"}, "bytes", gpu.reading.memory_used_bytes);
    row.gauge({"gpu.", number, ".memory_total"}, "bytes", gpu.reading.memory_total_bytes);
    row.gauge({"gpu.", number, ".pcie_rx"}, "bytes/s", gpu.pcie_rx);
    row.gauge({"gpu.", number, ".pcie_tx"}, "bytes/s", gpu.pcie_tx);
    row.gauge({"gpu.", number, ".sm_clock"}, "MHz", gpu.reading.sm_clock_mhz);
    row.gauge({"gpu.", number, ".throttle"}, "1", gpu.reading.throttle_reasons);
    row.gauge({"gpu.", number, ".decoder"}, "%", gpu.reading.decoder_percent);
    row.gauge({"gpu.", number, ".jpeg"}, "%", gpu.reading.jpeg_percent);
  }
}

void MachineMetrics::note_machine(BlockSource& notes, system::Scratch& scratch) const {
  char text[12];
  const system::CpuInfo cpu = system::read_cpu_info(root_.view(), scratch);
  if (!cpu.model().empty()) notes.note("machine.cpu_model", cpu.model());
  if (cpu.cpus > 0) notes.note("machine.cpus", digits(cpu.cpus, text));
  if (cpu.sockets > 0) notes.note("machine.sockets", digits(cpu.sockets, text));
  if (cpu.threads_per_core > 0)
    notes.note("machine.threads_per_core", digits(cpu.threads_per_core, text));
  struct utsname name {};
  if (::uname(&name) == 0) notes.note("machine.kernel", name.release);
  if (!own_disk_.view().empty()) notes.note("machine.disk", own_disk_.view());
  if (gpus_ == nullptr || gpus_->gpus() == 0) return;
  notes.note("machine.gpus", digits(gpus_->gpus(), text));
  if (!gpus_->driver().empty()) notes.note("machine.gpu_driver", gpus_->driver());
  for (unsigned index = 0; index < gpus_->gpus(); ++index)
    notes.note(system::Path{"machine.gpu.", digits(index, text)}.view(), gpus_->name(index));
}

}  // namespace datamon::monitor
