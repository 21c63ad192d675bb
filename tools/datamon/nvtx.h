// The options of `datamon run` about NVTX ranges, and what they set in the job.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "command.h"

namespace datamon::cli {

struct NvtxOptions {
  bool out = false;   // spans become ranges
  bool in = false;    // ranges become spans
  std::string rules;  // which range is which stage
};

void add_nvtx_options(CLI::App& app, NvtxOptions& options);

// Adds the variables. `library` is the monitor library's path: what reads the
// ranges lies beside it; CommandError with `exit_code` if it does not.
void add_nvtx_environment(const NvtxOptions& options, const std::filesystem::path& library,
                          std::vector<std::pair<std::string, std::string>>& environment,
                          int exit_code);

}  // namespace datamon::cli
