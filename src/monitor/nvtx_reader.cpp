#include "monitor/nvtx_reader.h"

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
constexpr char kReader[] = "libdatamon-nvtx.so";

bool is_reader(std::string_view path) { return path.substr(path.rfind('/') + 1) == kReader; }

// False if it does not fit or this library's own place is not known.
bool find_reader(char* path, std::size_t room) {
  Dl_info own;
  if (::dladdr(reinterpret_cast<const void*>(&offer_nvtx_reader), &own) == 0) return false;
  const std::string_view name = own.dli_fname;
  const std::size_t folder = name.rfind('/') + 1;  // 0 without a slash
  const int length =
      std::snprintf(path, room, "%.*s%s", static_cast<int>(folder), own.dli_fname, kReader);
  return length > 0 && static_cast<std::size_t>(length) < room && ::access(path, R_OK) == 0;
}

}  // namespace

void offer_nvtx_reader() {
  const char* set = ::secure_getenv(kNvtxPath);
  if (set != nullptr && is_reader(set)) return;
  char path[PATH_MAX];
  if (!find_reader(path, sizeof path)) {
    say("datamon: MON_NVTX_IN=1 reads nothing: there is no %s beside libdatamon.so.0\n", kReader);
    return;
  }
  if (set != nullptr && set[0] != '\0') ::setenv(kChain, set, 1);
  ::setenv(kNvtxPath, path, 1);
}

}  // namespace datamon::monitor
