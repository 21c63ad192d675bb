#include "system/load_average.h"

namespace datamon::system {

std::optional<LoadAverage> parse_load_average(std::string_view text) {
  auto line = next_line(text);
  if (!line) return std::nullopt;
  const auto one = parse<double>(next_word(*line));
  const auto five = parse<double>(next_word(*line));
  const auto fifteen = parse<double>(next_word(*line));
  const auto runnable = parse<std::uint64_t>(next_word(*line, " /"));
  const auto threads = parse<std::uint64_t>(next_word(*line, " /"));
  if (!one || !five || !fifteen || !runnable || !threads) return std::nullopt;
  return LoadAverage{*one, *five, *fifteen, *runnable, *threads};
}

}  // namespace datamon::system
