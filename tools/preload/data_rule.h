// Which files are data: what a job reads to learn from, and not its code, its
// configuration or the system's. docs/preload.md tells users the rule; the lists
// in data_rule.cpp are all of it.
#pragma once

#include <string_view>

namespace datamon::preload {

// Finds the interpreter's own libraries (PREFIX/lib of PREFIX/bin/PROGRAM);
// called once, before is_data_path().
void prepare_data_rule();

// Of an absolute path. Pure, thread-safe, allocates nothing.
bool is_data_path(std::string_view path);

// True if the end of the name already says that it is not data: a relative path
// need not be resolved then.
bool has_code_suffix(std::string_view path);

}  // namespace datamon::preload
