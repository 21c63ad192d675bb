#include "system/cpu_info.h"

#include <algorithm>
#include <bitset>

namespace datamon::system {
namespace {

void set_text(std::string_view value, std::array<char, 96>& text) {
  const std::size_t size = std::min(value.size(), text.size() - 1);
  std::copy_n(value.begin(), size, text.begin());
  text[size] = '\0';
}

bool has_word(std::string_view text, std::string_view wanted) {
  for (std::string_view word = next_word(text); !word.empty(); word = next_word(text))
    if (word == wanted) return true;
  return false;
}

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

}  // namespace

CpuInfo read_cpu_info(std::string_view root, Scratch& scratch) {
  CpuInfo info;
  std::bitset<1024> sockets;
  std::uint32_t siblings = 0, cores = 0;
  LineReader lines(Path{root, "/proc/cpuinfo"}, scratch);
  while (auto line = lines.next()) {
    const std::size_t colon = line->find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view key = trim(line->substr(0, colon));
    const std::string_view value = trim(line->substr(colon + 1));
    if (key == "processor" && parse<std::uint32_t>(value)) {
      ++info.cpus;
    } else if (key == "model name" && info.model().empty()) {
      set_text(value, info.model_text);
    } else if (key == "physical id") {
      const auto id = parse<std::uint32_t>(value);
      if (id && *id < sockets.size()) sockets.set(*id);
    } else if (key == "siblings") {
      siblings = parse<std::uint32_t>(value).value_or(0);
    } else if (key == "cpu cores") {
      cores = parse<std::uint32_t>(value).value_or(0);
    } else if (key == "flags" && info.cpus <= 1) {
      info.invariant_tsc = has_word(value, "constant_tsc") && has_word(value, "nonstop_tsc");
    }
  }
  info.sockets = static_cast<std::uint32_t>(sockets.count());
  info.threads_per_core = cores > 0 ? siblings / cores : 0;
  return info;
}

std::string_view read_clock_source(std::string_view root, Scratch& scratch) {
  return read_value(Path{root, "/sys/devices/system/clocksource/clocksource0/current_clocksource"},
                    scratch);
}

}  // namespace datamon::system
