// Numbers for people: two to three digits and a unit. NaN and infinities are
// written as "?". Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace datamon::report {

std::string time_text(double seconds);         // "850 us", "6.1 ms", "12.3 s", "2 min 5 s"
std::string percent_text(double share);        // 0.634 -> "63 %", 0.004 -> "0.4 %"
std::string known_percent(double share);       // the same; "-" if it is not known (NaN)
std::string bytes_text(double bytes);          // "1.2 MB" (powers of ten)
std::string count_text(double count);          // "412", "98.3k", "1.2M"
std::string rate_text(double per_second);      // "5.1", "1832"
std::string factor_text(double factor);        // "2.7x"
std::string cores_text(double cores);          // "1.9", "64"
double finite_or(double value, double other);  // `other` for NaN and infinities

// What a word's end is for so many: fmt::format("{} worker{}", n, plural(n)).
constexpr const char* plural(double count, const char* one = "", const char* more = "s") {
  return count == 1 ? one : more;
}

// Any bytes as printable UTF-8: control characters (also C1 and bidirectional
// ones) and broken sequences become escapes (\n, \x1b, \u{202e}), so that a name
// from a recording can neither drive a terminal nor break a line.
std::string printable(std::string_view bytes);

// The same bytes as valid UTF-8, broken parts replaced by U+FFFD.
std::string valid_utf8(std::string_view bytes);

}  // namespace datamon::report
