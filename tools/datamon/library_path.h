// Where the files are that belong to this program.
#pragma once

#include <filesystem>
#include <initializer_list>

namespace datamon::cli {

// The first of `places` (relative to this program's folder) that holds `file`; ""
// if none does.
std::filesystem::path folder_beside_program(std::initializer_list<const char*> places,
                                            const char* file);

// libdatamon.so.0, the monitor library that jobs load, in the build tree or
// installed; "" if it is in none of those places.
std::filesystem::path find_library();

}  // namespace datamon::cli
