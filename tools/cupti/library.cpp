#include "library.h"

#include <dlfcn.h>
#include <glob.h>
#include <link.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "injection/symbol.h"

namespace datamon::cupti {
namespace {

using injection::symbol;

// The latest first: a later CUPTI serves an older driver of the same major version.
constexpr const char* kFileNames[] = {"libcupti.so.13", "libcupti.so.12", "libcupti.so.11.8",
                                      "libcupti.so"};

void* open(const char* path, int more = 0) { return ::dlopen(path, RTLD_NOW | RTLD_LOCAL | more); }

void* open_loaded() {
  for (const char* name : kFileNames)
    if (void* library = open(name, RTLD_NOLOAD)) return library;
  return nullptr;
}

// The first that opens of the files that the pattern matches; the last one by name
// first (cu13 before cu12).
void* open_matching(const char* pattern) {
  glob_t found;
  void* library = nullptr;
  if (::glob(pattern, 0, nullptr, &found) == 0) {
    for (std::size_t i = found.gl_pathc; i-- > 0 && library == nullptr;)
      library = open(found.gl_pathv[i]);
    ::globfree(&found);
  }
  return library;
}

void* open_below(const char* folder, const char* pattern) {
  char path[1024];
  const int length = std::snprintf(path, sizeof path, "%s/%s", folder, pattern);
  const bool whole = length > 0 && static_cast<std::size_t>(length) < sizeof path;
  return whole ? open_matching(path) : nullptr;
}

void* open_toolkit() {
  const char* folders[] = {::secure_getenv("CUDA_HOME"), ::secure_getenv("CUDA_PATH"),
                           "/usr/local/cuda"};
  for (const char* folder : folders) {
    if (folder == nullptr || folder[0] == '\0') continue;
    for (const char* pattern :
         {"extras/CUPTI/lib64/libcupti.so.1*", "lib64/libcupti.so.1*", "lib/libcupti.so.1*"})
      if (void* library = open_below(folder, pattern)) return library;
  }
  return nullptr;
}

// The folder of Python packages that a library of the process lies in.
struct SitePackages {
  char path[1024];
};

int find_site_packages(dl_phdr_info* object, std::size_t, void* result) {
  constexpr std::string_view kFolder = "/site-packages/";
  const std::string_view name = object->dlpi_name != nullptr ? object->dlpi_name : "";
  const std::size_t at = name.find(kFolder);
  auto* found = static_cast<SitePackages*>(result);
  if (at == name.npos || at + kFolder.size() >= sizeof found->path) return 0;
  const std::size_t bytes = name.copy(found->path, at + kFolder.size() - 1);
  found->path[bytes] = '\0';
  return 1;
}

void* open_python_package() {
  constexpr const char* kInPackages = "nvidia/*/lib/libcupti.so.1*";
  SitePackages packages{};
  if (::dl_iterate_phdr(find_site_packages, &packages) != 0)
    if (void* library = open_below(packages.path, kInPackages)) return library;
  const char* environment = ::secure_getenv("VIRTUAL_ENV");
  if (environment == nullptr || environment[0] == '\0') return nullptr;
  return open_below(environment, "lib/python3*/site-packages/nvidia/*/lib/libcupti.so.1*");
}

void* open_system() {
  for (const char* name : kFileNames)
    if (void* library = open(name)) return library;
  return nullptr;
}

void* find(Library& library) {
  const char* asked = ::secure_getenv(kLibraryVariable);
  if (asked != nullptr && asked[0] != '\0') {
    void* handle = open(asked);
    if (handle == nullptr) {
      const char* why = ::dlerror();
      std::snprintf(library.problem, sizeof library.problem, "%s=%s: %s", kLibraryVariable, asked,
                    why != nullptr ? why : "it cannot be opened");
    }
    return handle;
  }
  void* handle = open_loaded();
  if (handle == nullptr) handle = open_toolkit();
  if (handle == nullptr) handle = open_python_package();
  if (handle == nullptr) handle = open_system();
  if (handle == nullptr)
    std::snprintf(library.problem, sizeof library.problem,
                  "libcupti was not found; it comes with the CUDA toolkit and with the Python "
                  "package nvidia-cuda-cupti, or set %s to its path",
                  kLibraryVariable);
  return handle;
}

template <typename Function>
void resolve_one(void* handle, const char* name, Function& function) {
  function = symbol<Function>(handle, name);
}

// False if something is missing that cannot be done without.
bool resolve(void* handle, abi::Functions& call) {
  resolve_one(handle, "cuptiActivityRegisterCallbacks", call.register_callbacks);
  resolve_one(handle, "cuptiActivityEnable", call.enable);
  resolve_one(handle, "cuptiActivityFlushAll", call.flush_all);
  resolve_one(handle, "cuptiActivityGetNextRecord", call.next_record);
  resolve_one(handle, "cuptiGetTimestamp", call.timestamp);
  resolve_one(handle, "cuptiGetVersion", call.version);
  resolve_one(handle, "cuptiSubscribe", call.subscribe);
  resolve_one(handle, "cuptiUnsubscribe", call.unsubscribe);
  resolve_one(handle, "cuptiSubscribe_v2", call.subscribe_v2);
  resolve_one(handle, "cuptiGetResultString", call.result_string);
  resolve_one(handle, "cuptiActivityGetNumDroppedRecords", call.dropped_records);
  resolve_one(handle, "cuptiSetThreadIdType", call.thread_id_type);
  resolve_one(handle, "cuptiActivityEnableRuntimeApi", call.enable_runtime_function);
  resolve_one(handle, "cuptiActivityEnableDriverApi", call.enable_driver_function);
  return call.register_callbacks != nullptr && call.enable != nullptr &&
         call.flush_all != nullptr && call.next_record != nullptr && call.timestamp != nullptr &&
         call.version != nullptr && call.subscribe != nullptr && call.unsubscribe != nullptr;
}

void note_path(const abi::Functions& call, Library& library) {
  Dl_info info;
  if (::dladdr(reinterpret_cast<void*>(call.enable), &info) != 0 && info.dli_fname != nullptr)
    std::snprintf(library.path, sizeof library.path, "%s", info.dli_fname);
}

}  // namespace

bool open_library(Library& library) {
  void* handle = find(library);
  if (handle == nullptr) return false;
  if (!resolve(handle, library.call)) {
    std::snprintf(library.problem, sizeof library.problem, "what was found is not CUPTI");
    return false;
  }
  note_path(library.call, library);
  if (library.call.version(&library.version) != abi::kSuccess) library.version = 0;
  // Without a driver it says 0; subscribing tells more then.
  const bool known = library.version == 0 || (library.version >= abi::kOldestVersion &&
                                              library.version < abi::kFirstUnknownVersion);
  if (!known)
    std::snprintf(library.problem, sizeof library.problem,
                  "%s is CUPTI %u, which this version of datamon does not know", library.path,
                  library.version);
  return known;
}

const char* result_text(const Library& library, abi::Result result, char* room, std::size_t bytes) {
  const char* text = nullptr;
  if (library.call.result_string != nullptr &&
      library.call.result_string(result, &text) == abi::kSuccess && text != nullptr)
    return text;
  std::snprintf(room, bytes, "error %d", result);
  return room;
}

}  // namespace datamon::cupti
