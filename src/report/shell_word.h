// Words of command lines that are shown to be copied.
#pragma once

#include <string>
#include <string_view>

namespace datamon::report {

// A path as one word for a POSIX shell: as it is where that is safe, else in quotes.
// The result is printable ASCII or UTF-8 whatever the bytes are, and never looks like an
// option. Pure.
std::string shell_word(std::string_view path);

}  // namespace datamon::report
