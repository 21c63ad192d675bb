// `datamon run --cupti`: what it sets in the job.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "command.h"

namespace datamon::cli {

// Adds the variables. `library` is the monitor library's path: what records the GPU
// lies beside it. CommandError with `exit_code` if it does not, or if another tool is
// to be loaded in its place. A line on stderr where there is no driver: the job runs.
void add_cupti_environment(const std::filesystem::path& library,
                           std::vector<std::pair<std::string, std::string>>& environment,
                           int exit_code);

}  // namespace datamon::cli
