// The first check of a file: is it a recording that this reader understands?
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "format/recording_format.h"
#include "report/problem_log.h"

namespace datamon::report {

// A copy of the header, or nullopt (with the reason in `log`) if nothing of the
// file can be used. Damage that costs less is logged too: the header then comes
// back with the damaged part replaced by what is safe (allocated_bytes never
// exceeds the file, header_bytes is where a block can start).
std::optional<format::FileHeader> check_header(std::span<const std::byte> file, ProblemLog& log);

// NUL-padded text of a header field.
template <std::size_t N>
std::string text_of(const char (&field)[N]) {
  std::size_t length = 0;
  while (length < N && field[length] != '\0') ++length;
  return std::string(field, length);
}

}  // namespace datamon::report
