// What the fuzzers of the import do with an input, and the plain tests with their
// corpora: everything that a report does with another tool's file.
#pragma once

#include <cmath>
#include <cstdlib>
#include <span>

#include "memory_file.h"
#include "recording_input.h"
#include "report/import/import.h"
#include "report/reporter.h"

namespace datamon::testing {

inline void check_gpu(const report::GpuProfile& gpu) {
  for (const report::GpuDeviceProfile& device : gpu.devices) {
    const double parts[] = {device.busy_s, device.idle_copy_s, device.idle_data_s,
                            device.idle_host_s, device.idle_other_s};
    double sum = 0;
    for (const double part : parts) {
      if (!std::isfinite(part) || part < 0) std::abort();
      sum += part;
    }
    if (!(std::abs(sum - device.window_s) <= 1e-6 * (1 + device.window_s))) std::abort();
  }
}

inline void check_import(const report::Profile& profile) {
  check_profile(profile);
  if (!profile.import) std::abort();
  if (profile.gpu) check_gpu(*profile.gpu);
  for (const report::Problem& problem : profile.problems)
    if (problem.what.empty()) std::abort();
  const report::Diagnosis diagnosis = report::diagnose_import(profile);
  if (diagnosis.remedies.empty() || diagnosis.verdict.why.empty()) std::abort();
  if (report::json_reporter()->render(profile, diagnosis).empty()) std::abort();
  if (report::text_reporter({})->render(profile, diagnosis).empty()) std::abort();
}

// `import`: import_kineto or import_megengine_log.
inline void exercise_import(std::span<const std::byte> bytes,
                            report::Profile (*import)(const std::filesystem::path&)) {
  static MemoryFile file;
  file.fill(bytes);
  try {
    check_import(import(file.path()));
  } catch (const report::ImportError& error) {
    if (*error.what() == '\0') std::abort();
  }
}

}  // namespace datamon::testing
