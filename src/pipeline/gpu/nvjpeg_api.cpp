#include "pipeline/gpu/nvjpeg_api.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <glob.h>

#include <cstdlib>
#include <vector>

namespace datamon::pipeline::gpu::nvjpeg {
namespace {

std::vector<std::string> files_matching(const std::string& pattern) {
  std::vector<std::string> files;
  glob_t found{};
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0)
    for (std::size_t i = 0; i < found.gl_pathc; ++i) files.emplace_back(found.gl_pathv[i]);
  globfree(&found);
  return files;
}

// Names and paths to try, in this order.
std::vector<std::string> candidates() {
  const char* const given = std::getenv("DATAMON_NVJPEG");
  if (given != nullptr && *given != '\0') return {given};
  std::vector<std::string> all{"libnvjpeg.so.13", "libnvjpeg.so.12"};
  const auto add = [&](const std::string& pattern) {
    for (std::string& file : files_matching(pattern)) all.push_back(std::move(file));
  };
  add("/usr/local/cuda/lib64/libnvjpeg.so.1[23]");
  for (const char* const environment : {"VIRTUAL_ENV", "CONDA_PREFIX"}) {
    const char* const root = std::getenv(environment);
    if (root == nullptr || *root == '\0') continue;
    const std::string packages = std::string(root) + "/lib/python3*/site-packages/";
    add(packages + "nvidia/*/lib/libnvjpeg.so.1[23]");
    add(packages + "torchvision.libs/libnvjpeg*");
  }
  return all;
}

template <typename Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

// The name of a function that is missing; null: all are there.
const char* take_functions(void* library, Api& api) {
  find(library, "nvjpegGetHardwareDecoderInfo", api.hardware_info);
  const char* missing = nullptr;
  const auto need = [&](const char* name, auto& function) {
    if (!find(library, name, function) && missing == nullptr) missing = name;
  };
  need("nvjpegGetProperty", api.get_property);
  need("nvjpegCreateExV2", api.create);
  need("nvjpegDestroy", api.destroy);
  need("nvjpegJpegStateCreate", api.state_create);
  need("nvjpegJpegStateDestroy", api.state_destroy);
  need("nvjpegJpegStreamCreate", api.stream_create);
  need("nvjpegJpegStreamDestroy", api.stream_destroy);
  need("nvjpegJpegStreamParseHeader", api.parse_header);
  need("nvjpegDecodeBatchedSupported", api.batched_supported);
  need("nvjpegDecodeBatchedInitialize", api.batched_initialize);
  need("nvjpegDecodeBatchedPreAllocate", api.batched_preallocate);
  need("nvjpegDecodeBatched", api.batched_decode);
  return missing;
}

constexpr const char* kWhatToDo =
    "install it (CUDA toolkit, or pip install nvidia-nvjpeg into the active environment), name it "
    "in DATAMON_NVJPEG, or use --backend hybrid, which decodes on the CPU";

}  // namespace

Loaded load() {
  Loaded loaded;
  const auto paths = candidates();
  std::string first_error;
  for (const std::string& path : paths) {
    void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      const char* const said = dlerror();
      if (first_error.empty() && said != nullptr) first_error = said;
      continue;
    }
    const char* const missing = take_functions(library, loaded.api);
    if (missing == nullptr) {
      loaded.found = true;
      loaded.path = path;
      return loaded;
    }
    first_error = fmt::format("{} has no {}", path, missing);
    dlclose(library);
  }
  loaded.api = {};
  loaded.error = fmt::format("nvJPEG is missing ({}); {}", first_error, kWhatToDo);
  return loaded;
}

std::string version(const Api& api) {
  int major = 0, minor = 0;
  api.get_property(0, &major);
  api.get_property(1, &minor);
  return fmt::format("{}.{}", major, minor);
}

const char* status_name(int status) {
  constexpr const char* kNames[] = {"NVJPEG_STATUS_SUCCESS",
                                    "NVJPEG_STATUS_NOT_INITIALIZED",
                                    "NVJPEG_STATUS_INVALID_PARAMETER",
                                    "NVJPEG_STATUS_BAD_JPEG",
                                    "NVJPEG_STATUS_JPEG_NOT_SUPPORTED",
                                    "NVJPEG_STATUS_ALLOCATOR_FAILURE",
                                    "NVJPEG_STATUS_EXECUTION_FAILED",
                                    "NVJPEG_STATUS_ARCH_MISMATCH",
                                    "NVJPEG_STATUS_INTERNAL_ERROR",
                                    "NVJPEG_STATUS_IMPLEMENTATION_NOT_SUPPORTED",
                                    "NVJPEG_STATUS_INCOMPLETE_BITSTREAM"};
  return status >= 0 && status <= 10 ? kNames[status] : "an unknown status";
}

}  // namespace datamon::pipeline::gpu::nvjpeg
