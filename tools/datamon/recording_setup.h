// What a job needs in its environment to be recorded, and where its recording goes.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "preload.h"

namespace datamon::cli {

// As env(1), timeout(1): the failure is ours, not the command's.
inline constexpr int kCannotRun = 125;

bool has_recording(const std::filesystem::path& directory);

// PREFIX-TIME-PID below the current folder; not made yet.
std::filesystem::path fresh_directory(const std::string& prefix);

struct JobEnvironment {
  std::vector<std::pair<std::string, std::string>> variables;
  std::filesystem::path library;  // the monitor's; "" if it was not found
  PreloadPlan preload;
};

// For `command` (not empty) to be recorded in `directory` (absolute). `library`: the
// monitor's, "" for the one beside this program. `preload`: whether to preload the
// shim where that can be done.
JobEnvironment recording_environment(const std::vector<std::string>& command,
                                     const std::filesystem::path& directory,
                                     const std::string& library, bool preload);

}  // namespace datamon::cli
