#include "report/text_units.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace datamon::report {
namespace {

// Two to three significant digits for values from 1 on.
std::string digits(double value) {
  return fmt::format("{:.{}f}", value, std::fabs(value) >= 99.95 ? 0 : 1);
}

struct Scale {
  double from;
  double unit;
  const char* name;
};

// One code point of `bytes` from `at`; 0 length if the sequence is broken.
struct CodePoint {
  char32_t value = 0;
  std::size_t length = 0;
};

CodePoint decode(std::string_view bytes, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char lead = byte(at);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || at + length > bytes.size()) return {};
  char32_t value = lead & (0x7F >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return {};
    value = value << 6 | (byte(at + i) & 0x3F);
  }
  constexpr std::array<char32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < kSmallest[length] || value > 0x10FFFF || surrogate) return {};
  return {value, length};
}

bool harmless(char32_t c) {
  if (c < 0x20 || c == 0x7F || (c >= 0x80 && c < 0xA0)) return false;
  if (c == 0x61C || c == 0x200E || c == 0x200F) return false;  // direction marks
  if (c >= 0x2028 && c <= 0x202E) return false;  // line separators, direction overrides
  if (c >= 0x2066 && c <= 0x2069) return false;  // direction isolates
  return c != 0xFEFF;
}

}  // namespace

double finite_or(double value, double other) { return std::isfinite(value) ? value : other; }

std::string time_text(double seconds) {
  if (!std::isfinite(seconds)) return "?";
  const double magnitude = std::fabs(seconds);
  if (magnitude >= 3600) return fmt::format("{:.1f} h", seconds / 3600);
  if (magnitude >= 120) {
    const auto whole = static_cast<long long>(seconds + 0.5);
    return whole % 60 == 0 ? fmt::format("{} min", whole / 60)
                           : fmt::format("{} min {} s", whole / 60, whole % 60);
  }
  if (magnitude >= 0.9995) return digits(seconds) + " s";
  if (magnitude >= 0.9995e-3) return digits(seconds * 1e3) + " ms";
  if (magnitude >= 0.9995e-6) return digits(seconds * 1e6) + " us";
  return magnitude == 0 ? "0" : digits(seconds * 1e9) + " ns";
}

std::string percent_text(double share) {
  if (!std::isfinite(share)) return "?";
  const double percent = share * 100;
  if (percent != 0 && std::fabs(percent) < 0.095)
    return std::fabs(percent) < 0.005 ? "<0.01 %" : fmt::format("{:.2f} %", percent);
  return std::fabs(percent) < 0.95 && percent != 0 ? fmt::format("{:.1f} %", percent)
                                                   : fmt::format("{:.0f} %", percent);
}

std::string known_percent(double share) { return std::isfinite(share) ? percent_text(share) : "-"; }

std::string bytes_text(double bytes) {
  if (!std::isfinite(bytes)) return "?";
  constexpr std::array<Scale, 4> kScales = {
      {{999.5e9, 1e12, "TB"}, {999.5e6, 1e9, "GB"}, {999.5e3, 1e6, "MB"}, {999.5, 1e3, "kB"}}};
  for (const Scale& scale : kScales)
    if (std::fabs(bytes) >= scale.from) return digits(bytes / scale.unit) + " " + scale.name;
  return fmt::format("{:.0f} B", bytes);
}

std::string count_text(double count) {
  if (!std::isfinite(count)) return "?";
  constexpr std::array<Scale, 3> kScales = {
      {{999.5e6, 1e9, "G"}, {999.5e3, 1e6, "M"}, {99999.5, 1e3, "k"}}};
  for (const Scale& scale : kScales)
    if (std::fabs(count) >= scale.from) return digits(count / scale.unit) + scale.name;
  return fmt::format("{:.0f}", count);
}

std::string rate_text(double per_second) {
  if (!std::isfinite(per_second)) return "?";
  if (per_second > 0 && per_second < 0.095) return fmt::format("{:.2g}", per_second);
  return digits(per_second);
}

std::string factor_text(double factor) {
  if (!std::isfinite(factor)) return "?";
  return fmt::format("{:.{}f}x", factor, factor >= 99.5 ? 0 : factor < 2 ? 2 : 1);
}

std::string cores_text(double cores) {
  if (!std::isfinite(cores)) return "?";
  return std::fabs(cores - std::round(cores)) < 0.05 ? fmt::format("{:.0f}", std::round(cores))
                                                     : fmt::format("{:.1f}", cores);
}

std::string printable(std::string_view bytes) {
  std::string out;
  for (std::size_t at = 0; at < bytes.size();) {
    const CodePoint point = decode(bytes, at);
    if (point.length == 0) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(bytes[at++]));
      continue;
    }
    if (harmless(point.value))
      out += bytes.substr(at, point.length);
    else if (point.value == '\n')
      out += "\\n";
    else if (point.value == '\t')
      out += "\\t";
    else if (point.value < 0x80)
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(point.value));
    else
      out += fmt::format("\\u{{{:x}}}", static_cast<unsigned>(point.value));
    at += point.length;
  }
  return out;
}

std::string valid_utf8(std::string_view bytes) {
  std::string out;
  for (std::size_t at = 0; at < bytes.size();) {
    const CodePoint point = decode(bytes, at);
    if (point.length == 0) {
      out += "\xEF\xBF\xBD";
      ++at;
    } else {
      out += bytes.substr(at, point.length);
      at += point.length;
    }
  }
  return out;
}

}  // namespace datamon::report
