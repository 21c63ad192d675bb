// Finds and opens libcupti. In this order: MON_CUPTI_LIBRARY; one that the process
// has loaded already (PyTorch does); that of a toolkit (CUDA_HOME, CUDA_PATH,
// /usr/local/cuda); that of the Python packages beside a library that the process
// has loaded, or of VIRTUAL_ENV; the system's library path.
//
// Not thread-safe; it loads a library. Nothing throws.
#pragma once

#include <cstdint>

#include "abi.h"

namespace datamon::cupti {

inline constexpr const char* kLibraryVariable = "MON_CUPTI_LIBRARY";

struct Library {
  abi::Functions call{};
  std::uint32_t version = 0;  // 0: it does not say (as without a driver)
  char path[512] = {};        // of what was opened
  char problem[768] = {};     // why open_library() failed
};

bool open_library(Library& library);

// "CUPTI_ERROR_..." as the library says it, or the number.
const char* result_text(const Library& library, abi::Result result, char* room, std::size_t bytes);

}  // namespace datamon::cupti
