// What the fuzzer does with an input, and the plain test with its corpus:
// everything that a report does with a file that may hold anything.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <span>

#include "memory_file.h"
#include "report/diagnosis.h"
#include "report/profile.h"
#include "report/recording.h"
#include "report/reporter.h"
#include "report/trace.h"

namespace datamon::testing {

// Aborts when the profile of any file breaks what diagnose() relies on.
inline void check_profile(const report::Profile& profile) {
  const auto sane = [](double value) {
    if (!std::isfinite(value) || value < 0) std::abort();
  };
  sane(profile.steps_per_s);
  sane(profile.items_per_s);
  sane(profile.consumer.steady_s);
  sane(profile.consumer.wait_s);
  sane(profile.consumer.compute_s);
  sane(profile.monitor.cost_share);
  for (const report::StageProfile& stage : profile.stages) {
    sane(stage.self_s);
    sane(stage.share);
    sane(stage.p50_ms);
    sane(stage.p99_ms);
    sane(stage.split.blocked_s);
  }
  for (const report::WorkerProfile& worker : profile.workers) {
    sane(worker.alive_s);
    sane(worker.busy_s);
    sane(worker.blocked_s);
  }
  if (profile.gpu)
    for (const report::GpuDeviceProfile& device : profile.gpu->devices)
      for (const report::KernelShare& kernel : device.longest_kernels) {
        sane(kernel.time_s);
        if (kernel.name.empty() || kernel.count == 0 || !(kernel.share <= 1.000001)) std::abort();
      }
  for (std::size_t i = 1; i < profile.phases.size(); ++i)
    if (profile.phases[i].start_s != profile.phases[i - 1].end_s) std::abort();
}

// Takes a trace and forgets it.
class NullSink : public report::TraceSink {
 public:
  void write(const char*, std::size_t) override {}
  void commit() override {}
};

inline void exercise(std::span<const std::byte> bytes) {
  static MemoryFile file;
  file.fill(bytes);
  const report::Recording recording = report::Recording::open(file.path());
  for (const report::Problem& problem : recording.problems())
    if (problem.file.empty() || problem.what.empty()) std::abort();
  const report::Profile profile = report::build_profile(recording);
  check_profile(profile);
  const report::Diagnosis diagnosis = report::diagnose(profile);
  if (diagnosis.remedies.empty()) std::abort();  // every verdict has one
  if (report::json_reporter()->render(profile, diagnosis).empty()) std::abort();
  if (report::text_reporter({})->render(profile, diagnosis).empty()) std::abort();
  NullSink sink;
  report::write_trace(recording, {}, sink);
}

}  // namespace datamon::testing
