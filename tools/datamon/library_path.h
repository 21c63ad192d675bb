// Where the monitor library is that jobs load.
#pragma once

#include <filesystem>

namespace datamon::cli {

// libdatamon.so.0 beside this program, in the build tree or installed; "" if it
// is in none of those places.
std::filesystem::path find_library();

}  // namespace datamon::cli
