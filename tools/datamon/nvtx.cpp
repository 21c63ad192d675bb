#include "nvtx.h"

#include <fmt/format.h>

#include <cstdlib>

namespace datamon::cli {
namespace {

namespace fs = std::filesystem;

constexpr char kNvtxReader[] = "libdatamon-nvtx.so";
constexpr char kNvtxPath[] = "NVTX_INJECTION64_PATH";

}  // namespace

void add_nvtx_options(CLI::App& app, NvtxOptions& options) {
  add_flag(app, "--nvtx", options.out,
           "Show spans as NVTX ranges to a tool such as Nsight Systems");
  add_flag(app, "--nvtx-in", options.in,
           "Record the NVTX ranges of the job and its libraries as spans");
  add_option(app, "--nvtx-rules", options.rules,
             "Which stage a range is, by its name: "
             "'*imread*=decode;aug*=transform/*;debug*=-'",
             "RULES");
}

void add_nvtx_environment(const NvtxOptions& options, const fs::path& library,
                          std::vector<std::pair<std::string, std::string>>& environment,
                          int exit_code) {
  if (options.out) environment.emplace_back("MON_NVTX", "1");
  if (!options.rules.empty()) environment.emplace_back("MON_NVTX_RULES", options.rules);
  if (!options.in) return;
  std::error_code error;
  const fs::path reader = fs::absolute(library).parent_path() / kNvtxReader;
  if (library.empty() || !fs::exists(reader, error))
    throw CommandError(fmt::format("--nvtx-in needs {}, which is not there; build datamon with "
                                   "NVTX's headers (cmake -DDATAMON_NVTX=ON)",
                                   library.empty() ? kNvtxReader : reader.string()),
                       exit_code);
  environment.emplace_back("MON_NVTX_IN", "1");
  const char* before = std::getenv(kNvtxPath);
  if (before != nullptr && before[0] != '\0' && fs::path(before).filename() != kNvtxReader)
    environment.emplace_back("MON_NVTX_CHAIN", before);
  environment.emplace_back(kNvtxPath, reader.string());
}

}  // namespace datamon::cli
