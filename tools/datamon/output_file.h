// Where a command's result goes: standard output, or a file.
#pragma once

#include <string>

namespace datamon::cli {

// Writes `text` to `path`, or to standard output if that is "" or "-". A file
// is replaced whole: it is written beside and renamed. Throws CommandError that
// names the file and the reason.
void write_output(const std::string& path, const std::string& text);

}  // namespace datamon::cli
