#include "library_path.h"

namespace datamon::cli {

namespace fs = std::filesystem;

fs::path find_library() {
  std::error_code error;
  const fs::path here = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const char* place : {"../lib", "../" DATAMON_INSTALL_LIBDIR, "../lib64", "."}) {
    const fs::path candidate = here / place / "libdatamon.so.0";
    if (fs::exists(candidate, error)) return fs::weakly_canonical(candidate, error);
  }
  return {};
}

}  // namespace datamon::cli
