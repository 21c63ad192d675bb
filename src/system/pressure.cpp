#include "system/pressure.h"

namespace datamon::system {
namespace {

// "some avg10=0.00 avg60=0.00 avg300=0.00 total=123": microseconds.
std::optional<std::uint64_t> parse_total_ns(std::string_view line) {
  for (std::string_view word = next_word(line); !word.empty(); word = next_word(line)) {
    if (!word.starts_with("total=")) continue;
    const auto microseconds = parse<std::uint64_t>(word.substr(6));
    return microseconds ? std::optional(*microseconds * 1000) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Pressure> parse_pressure(std::string_view text) {
  std::optional<std::uint64_t> some, full;
  while (auto line = next_line(text)) {
    const std::string_view kind = next_word(*line);
    if (kind == "some") some = parse_total_ns(*line);
    if (kind == "full") full = parse_total_ns(*line);
  }
  if (!some) return std::nullopt;
  return Pressure{*some, full.value_or(0)};
}

}  // namespace datamon::system
