// Scanning what the kernel prints: lines, words, numbers. Text is untrusted;
// what cannot be understood is absent, never a guess. Nothing allocates.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace datamon::system {

// Takes the next line, without its newline, from the front of `text`. A last
// line without newline was cut off by a full buffer: it is not returned.
inline std::optional<std::string_view> next_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

// Takes the next word from the front of `line`; "" when there is none.
inline std::string_view next_word(std::string_view& line, std::string_view separators = " \t") {
  const std::size_t begin = line.find_first_not_of(separators);
  if (begin == std::string_view::npos) {
    line = {};
    return {};
  }
  const std::size_t end = std::min(line.find_first_of(separators, begin), line.size());
  const std::string_view word = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return word;
}

// A whole word as a number; nullopt for anything else, overflow included.
template <typename Number>
std::optional<Number> parse(std::string_view word) {
  Number value{};
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return value;
}

inline std::optional<std::uint64_t> next_number(std::string_view& line) {
  return parse<std::uint64_t>(next_word(line));
}

// The number behind `key` in a file of "key value ..." lines.
inline std::optional<std::uint64_t> find_number(std::string_view text, std::string_view key) {
  while (auto line = next_line(text)) {
    if (next_word(*line) == key) return next_number(*line);
  }
  return std::nullopt;
}

}  // namespace datamon::system
