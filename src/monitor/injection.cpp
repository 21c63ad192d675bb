#include "monitor/injection.h"

#include <dlfcn.h>
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "monitor/message.h"

namespace datamon::monitor {
namespace {

constexpr char kNvtxPath[] = "NVTX_INJECTION64_PATH";
constexpr char kChain[] = "MON_NVTX_CHAIN";
constexpr char kNvtxReader[] = "libdatamon-nvtx.so";
constexpr char kCudaPath[] = "CUDA_INJECTION64_PATH";
constexpr char kCuptiReader[] = "libdatamon-cupti.so";

bool is_library(std::string_view path, std::string_view library) {
  return path.substr(path.rfind('/') + 1) == library;
}

// False if it does not fit or this library's own place is not known.
bool find_beside(const char* library, char* path, std::size_t room) {
  Dl_info own;
  if (::dladdr(reinterpret_cast<const void*>(&offer_nvtx_reader), &own) == 0) return false;
  const std::string_view name = own.dli_fname;
  const std::size_t folder = name.rfind('/') + 1;  // 0 without a slash
  const int length =
      std::snprintf(path, room, "%.*s%s", static_cast<int>(folder), own.dli_fname, library);
  return length > 0 && static_cast<std::size_t>(length) < room && ::access(path, R_OK) == 0;
}

}  // namespace

void offer_nvtx_reader() {
  const char* set = ::secure_getenv(kNvtxPath);
  if (set != nullptr && is_library(set, kNvtxReader)) return;
  char path[PATH_MAX];
  if (!find_beside(kNvtxReader, path, sizeof path)) {
    say("datamon: MON_NVTX_IN=1 reads nothing: there is no %s beside libdatamon.so.0\n",
        kNvtxReader);
    return;
  }
  if (set != nullptr && set[0] != '\0') ::setenv(kChain, set, 1);
  ::setenv(kNvtxPath, path, 1);
}

void offer_cupti_reader() {
  const char* set = ::secure_getenv(kCudaPath);
  char path[PATH_MAX];
  if (set != nullptr && set[0] != '\0') {
    if (!is_library(set, kCuptiReader))
      say("datamon: MON_CUPTI=1 records no GPU activity: %s names another tool, %s\n", kCudaPath,
          set);
  } else if (find_beside(kCuptiReader, path, sizeof path)) {
    ::setenv(kCudaPath, path, 1);
  } else {
    say("datamon: MON_CUPTI=1 records no GPU activity: there is no %s beside libdatamon.so.0\n",
        kCuptiReader);
  }
}

}  // namespace datamon::monitor
