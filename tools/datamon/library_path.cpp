#include "library_path.h"

namespace datamon::cli {

namespace fs = std::filesystem;

fs::path folder_beside_program(std::initializer_list<const char*> places, const char* file) {
  std::error_code error;
  const fs::path here = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const char* place : places)
    if (fs::exists(here / place / file, error)) return fs::weakly_canonical(here / place, error);
  return {};
}

fs::path find_library() {
  constexpr char kLibrary[] = "libdatamon.so.0";
  const fs::path folder =
      folder_beside_program({"../lib", "../" DATAMON_INSTALL_LIBDIR, "../lib64", "."}, kLibrary);
  std::error_code error;
  return folder.empty() ? folder : fs::weakly_canonical(folder / kLibrary, error);
}

}  // namespace datamon::cli
