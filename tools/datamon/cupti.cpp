#include "cupti.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdlib>
#include <iostream>

namespace datamon::cli {
namespace {

namespace fs = std::filesystem;

constexpr char kCuptiReader[] = "libdatamon-cupti.so";
constexpr char kCudaPath[] = "CUDA_INJECTION64_PATH";
constexpr char kDriver[] = "libcuda.so.1";

bool has_driver() {
  void* driver = ::dlopen(kDriver, RTLD_LAZY | RTLD_LOCAL);
  if (driver == nullptr) return false;
  ::dlclose(driver);
  return true;
}

}  // namespace

void add_cupti_environment(const fs::path& library,
                           std::vector<std::pair<std::string, std::string>>& environment,
                           int exit_code) {
  std::error_code error;
  const fs::path reader =
      library.empty() ? fs::path() : fs::absolute(library).parent_path() / kCuptiReader;
  if (library.empty() || !fs::exists(reader, error))
    throw CommandError(fmt::format("--cupti needs {}, which is not there",
                                   library.empty() ? kCuptiReader : reader.string()),
                       exit_code);
  const char* before = std::getenv(kCudaPath);
  if (before != nullptr && before[0] != '\0' && fs::path(before).filename() != kCuptiReader)
    throw CommandError(fmt::format("--cupti cannot be used beside another tool that {} names, {}; "
                                   "only one can use CUPTI: unset it",
                                   kCudaPath, before),
                       exit_code);
  if (!has_driver())
    std::cerr << fmt::format(
        "datamon: --cupti records nothing here: there is no NVIDIA driver ({})\n", kDriver);
  environment.emplace_back("MON_CUPTI", "1");
  environment.emplace_back(kCudaPath, reader.string());
}

}  // namespace datamon::cli
