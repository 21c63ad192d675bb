// What can be measured on this machine, what cannot, why, and what would
// change that: the substance of `datamon doctor`.
//
// For tools, not for the recorded job: it allocates. probe() is a pure function
// of its argument (and of the files below `root`).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace datamon::system {

// What probe() needs to know and cannot read below `root`.
struct Environment {
  std::string root;               // in front of /proc and /sys; "" : this machine
  std::string working_directory;  // absolute
  dev_t working_device = 0;       // its st_dev
  std::optional<int> affinity_cores;
  bool cpu_has_invariant_tsc = false;  // CPUID leaf 0x80000007, EDX bit 8

  std::string recording_directory;  // MON_DIR, or where a recording would be made
  std::string recording_problem;    // "" : a file can be made there
  std::uint64_t recording_free_bytes = 0;

  std::string libjpeg_version;  // "libjpeg-turbo 2.1.5"; "" : built without
  std::string nvml_problem;     // "" : at least one GPU answers
  std::string gpu_driver;
  std::vector<std::string> gpus;  // names
};

// Of the calling process. Creates and removes an empty file to learn whether a
// recording can be written. `libjpeg_version` is left to the caller.
Environment current_environment();

enum class Status { kYes, kPartly, kNo };
const char* to_string(Status status);  // "yes", "partly", "no"

struct Capability {
  std::string name;  // stable, for programs: "clock", "pressure", ...
  Status status = Status::kNo;
  std::string reason;  // what was found, or what is missing and what that costs
  std::string remedy;  // what would enable it; "" when nothing is missing
};

// In a fixed order, the same names on every machine: clock, cpu, run-queue,
// cpu-limit, memory-limit, pressure, cgroup-pressure, process-io, disk,
// page-cache, network, gpu, jpeg, recording.
using Capabilities = std::vector<Capability>;
Capabilities probe(const Environment& environment);

}  // namespace datamon::system
