#include "system/capabilities.h"

#include <algorithm>
#include <cstdio>
#include <memory>

#include "system/cgroup.h"
#include "system/cpu_info.h"
#include "system/cpu_stat.h"
#include "system/disk.h"
#include "system/memory_info.h"
#include "system/network.h"
#include "system/pressure.h"
#include "system/process_stat.h"
#include "system/vm_stat.h"

namespace datamon::system {
namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

std::string size(std::uint64_t bytes) {
  const double mebibytes = static_cast<double>(bytes) / (1024.0 * 1024.0);
  char text[32];
  if (mebibytes < 1024) {
    std::snprintf(text, sizeof text, "%.0f MiB", mebibytes);
  } else {
    std::snprintf(text, sizeof text, "%.1f GiB", mebibytes / 1024);
  }
  return text;
}

Capability yes(std::string name, std::string reason) {
  return {std::move(name), Status::kYes, std::move(reason), ""};
}

Capability no(std::string name, std::string reason, std::string remedy) {
  return {std::move(name), Status::kNo, std::move(reason), std::move(remedy)};
}

Capability partly(std::string name, std::string reason, std::string remedy) {
  return {std::move(name), Status::kPartly, std::move(reason), std::move(remedy)};
}

// One question each; every answer names what was found.
class Prober {
 public:
  explicit Prober(const Environment& environment)
      : environment_(environment),
        scratch_(std::make_unique<Scratch>()),
        cgroup_(environment.root, *scratch_) {}

  Capability clock() {
    const CpuInfo info = read_cpu_info(root(), *scratch_);
    const std::string source(read_clock_source(root(), *scratch_));
    const std::string named = source.empty() ? "unknown" : source;
    if (info.invariant_tsc && environment_.cpu_has_invariant_tsc)
      return yes("clock", "invariant TSC (kernel clock source: " + named + ")");
    return partly("clock",
                  "no invariant TSC (kernel clock source: " + named +
                      "): CLOCK_MONOTONIC is used, which costs more per span",
                  "on a virtual machine, a CPU type that passes constant_tsc and nonstop_tsc on");
  }

  Capability cpu() {
    const auto stat = CpuStatReader(root()).read(*scratch_);
    if (!stat)
      return no("cpu", "/proc/stat cannot be read: cores in use stay unknown", "mount /proc");
    const CpuInfo info = read_cpu_info(root(), *scratch_);
    std::string reason = std::to_string(stat->cores_online) + " CPUs online";
    if (environment_.affinity_cores)
      reason += ", " + std::to_string(*environment_.affinity_cores) + " in this process's affinity";
    if (!info.model().empty()) reason += " (" + std::string(info.model()) + ")";
    return yes("cpu", reason);
  }

  Capability run_queue() {
    std::string_view text = read_file(Path{root(), "/proc/self/schedstat"}, *scratch_);
    const auto line = next_line(text);
    std::string_view rest = line.value_or("");
    if (next_number(rest) && next_number(rest))
      return yes("run-queue", "/proc/thread-self/schedstat tells waiting for a CPU from blocking");
    return no("run-queue",
              "/proc/thread-self/schedstat is missing: waiting for a CPU and waiting for data are "
              "counted together as blocked",
              "a kernel with CONFIG_SCHED_INFO");
  }

  Capability cpu_limit() {
    if (const auto limit = cgroup_.cpu_limit(*scratch_)) {
      const std::string cores = "the cgroup allows " + number(*limit) + " cores";
      if (cgroup_.throttling(*scratch_)) return yes("cpu-limit", cores + "; throttling is counted");
      return partly("cpu-limit", cores + ", but cpu.stat cannot be read: throttling stays unknown",
                    "make the cgroup's cpu.stat readable");
    }
    if (any_cgroup_folder()) return yes("cpu-limit", "no cgroup limits the CPU");
    return no("cpu-limit", "no cgroup file system is visible: a CPU limit would go unnoticed",
              "mount /sys/fs/cgroup (containers: do not mask /sys)");
  }

  Capability memory_limit() {
    if (const auto memory = cgroup_.memory(*scratch_))
      return yes("memory-limit", "the cgroup allows " + size(memory->limit_bytes) + ", " +
                                     size(memory->used_bytes) + " in use");
    const auto machine = MemoryInfoReader(root()).read(*scratch_);
    if (!machine)
      return no("memory-limit", "/proc/meminfo cannot be read: memory stays unknown",
                "mount /proc");
    return yes("memory-limit", "no cgroup limit; the machine has " + size(machine->total_bytes) +
                                   ", " + size(machine->available_bytes) + " available");
  }

  Capability pressure() {
    const bool cpu = has_pressure("cpu"), io = has_pressure("io"), memory = has_pressure("memory");
    if (cpu && io && memory) return yes("pressure", "/proc/pressure has cpu, io and memory");
    const char* remedy =
        "a kernel with CONFIG_PSI, started with psi=1; in a container, a visible "
        "/proc/pressure";
    if (cpu || io || memory)
      return partly("pressure", "/proc/pressure is incomplete: some stalls stay unknown", remedy);
    return no("pressure",
              "/proc/pressure cannot be read: stalls for CPU, IO and memory are told from other "
              "readings, less surely",
              remedy);
  }

  Capability cgroup_pressure() {
    if (cgroup_.cpu_pressure().available(*scratch_) && cgroup_.io_pressure().available(*scratch_))
      return yes("cgroup-pressure", "the job's own cgroup tells its stalls");
    return no("cgroup-pressure",
              "the job's cgroup has no pressure files: its stalls cannot be told from those of "
              "other jobs on this machine",
              "cgroup v2 with PSI");
  }

  Capability process_io() {
    if (read_process_io(root(), 0, *scratch_))
      return yes("process-io", "/proc/PID/io tells what the job reads from storage");
    return no("process-io",
              "/proc/PID/io cannot be read: page cache hits cannot be told from storage reads",
              "a kernel with CONFIG_TASK_IO_ACCOUNTING, and a process that may be traced by its "
              "own user");
  }

  Capability disk() {
    const Storage storage = find_storage(root(), environment_.working_device,
                                         environment_.working_directory, *scratch_);
    const std::string type(storage.type_view());
    const std::string on = type.empty() ? "" : " (" + type + ")";
    if (storage.disk.view().empty())
      return no("disk",
                "no local disk is behind " + environment_.working_directory + on +
                    ": storage is judged by blocked time and network traffic alone",
                "nothing to do for network and memory file systems; in a container, a visible "
                "/sys/dev/block");
    const std::string name(storage.disk.view());
    const DiskReader reader(root(), name, *scratch_);
    for (std::size_t index = 0; index < reader.size(); ++index)
      if (reader.name(index) == name)
        return yes("disk", environment_.working_directory + " lies on " + name + on);
    return partly("disk",
                  environment_.working_directory + " lies on " + name + on +
                      ", which /proc/diskstats does not list: its load stays unknown",
                  "in a container, the host's /proc/diskstats");
  }

  Capability page_cache() {
    const auto stat = VmStatReader(root()).read(*scratch_);
    if (!stat)
      return no("page-cache",
                "/proc/vmstat cannot be read: major faults of the machine stay "
                "unknown",
                "mount /proc");
    if (!stat->refaults)
      return partly("page-cache",
                    "page faults are known, refaults are not: a page cache that is "
                    "too small for the data goes unnoticed",
                    "Linux 3.15 or later");
    return yes("page-cache", "page faults and refaults of the page cache are counted");
  }

  Capability network() {
    if (NetworkReader(root(), *scratch_).read(*scratch_))
      return yes("network", "/proc/net/dev counts bytes received and sent");
    return no("network", "/proc/net/dev cannot be read: network storage stays unseen",
              "mount /proc");
  }

  Capability gpu() {
    if (environment_.nvml_problem.empty() && !environment_.gpus.empty()) {
      std::string reason =
          std::to_string(environment_.gpus.size()) + " x " + environment_.gpus.front();
      if (!environment_.gpu_driver.empty()) reason += ", driver " + environment_.gpu_driver;
      return yes("gpu", reason);
    }
    return no("gpu",
              "no GPU readings: " + (environment_.nvml_problem.empty() ? std::string("none found")
                                                                       : environment_.nvml_problem),
              "on a machine with an NVIDIA GPU: the driver's libnvidia-ml.so.1 (containers: "
              "NVIDIA_DRIVER_CAPABILITIES with utility)");
  }

  Capability jpeg() {
    if (!environment_.libjpeg_version.empty()) return yes("jpeg", environment_.libjpeg_version);
    return no("jpeg", "built without libjpeg: the reference pipeline decodes nothing",
              "install libjpeg-turbo's headers and build again");
  }

  Capability recording() {
    const std::string& directory = environment_.recording_directory;
    if (!environment_.recording_problem.empty())
      return no("recording", environment_.recording_problem,
                "set MON_DIR to a folder that can be written");
    constexpr std::uint64_t kComfortable = 256ull << 20;
    const std::string free = size(environment_.recording_free_bytes) + " free";
    if (environment_.recording_free_bytes < kComfortable)
      return partly(
          "recording",
          directory + " can be written, but has only " + free + ": a process may use 64 MiB",
          "free some space, set MON_DIR to another disk, or lower MON_MAX_MB");
    return yes("recording", directory + " can be written, " + free);
  }

 private:
  std::string_view root() const { return environment_.root; }

  bool has_pressure(std::string_view name) {
    return PressureReader(Path{root(), "/proc/pressure/", name}).available(*scratch_);
  }

  bool any_cgroup_folder() {
    const CgroupFolders folders = find_cgroups(root(), *scratch_);
    return folders.unified.found() || folders.v1_cpu.found();
  }

  const Environment& environment_;
  std::unique_ptr<Scratch> scratch_;
  CgroupReader cgroup_;
};

}  // namespace

const char* to_string(Status status) {
  switch (status) {
    case Status::kYes:
      return "yes";
    case Status::kPartly:
      return "partly";
    case Status::kNo:
      return "no";
  }
  return "no";
}

Capabilities probe(const Environment& environment) {
  Prober prober(environment);
  return {prober.clock(),        prober.cpu(),        prober.run_queue(),       prober.cpu_limit(),
          prober.memory_limit(), prober.pressure(),   prober.cgroup_pressure(), prober.process_io(),
          prober.disk(),         prober.page_cache(), prober.network(),         prober.gpu(),
          prober.jpeg(),         prober.recording()};
}

}  // namespace datamon::system
