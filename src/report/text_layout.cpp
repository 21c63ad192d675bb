#include "report/text_layout.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace datamon::report {
namespace {

constexpr std::string_view kEllipsis = "…";
constexpr std::size_t kGap = 2;      // between columns
constexpr std::size_t kMinBar = 5;   // a shorter bar says nothing
constexpr std::size_t kMaxBar = 20;  // a longer one says no more

bool continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Length of the character at `at`, in bytes.
std::size_t character(std::string_view text, std::size_t at) {
  std::size_t end = at + 1;
  while (end < text.size() && continuation(text[end])) ++end;
  return end - at;
}

char32_t code_point(std::string_view one) {
  const auto lead = static_cast<unsigned char>(one[0]);
  if (one.size() == 1) return lead;
  char32_t value = lead & (0x7F >> one.size());
  for (const char c : one.substr(1)) value = value << 6 | (static_cast<unsigned char>(c) & 0x3F);
  return value;
}

// Wide by Unicode's East Asian width, in coarse ranges; combining marks take none.
std::size_t columns_of(char32_t c) {
  if ((c >= 0x300 && c <= 0x36F) || c == 0x200B || c == 0x200D) return 0;
  const bool wide = (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) ||
                    (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) ||
                    (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
                    (c >= 0x1F300 && c <= 0x1FAFF) || (c >= 0x20000 && c <= 0x3FFFD);
  return wide ? 2 : 1;
}

bool is_unit(std::string_view word) {
  constexpr std::array<std::string_view, 16> kUnits = {"%",  "ns",    "us",    "ms",    "s",  "min",
                                                       "h",  "B",     "kB",    "MB",    "GB", "TB",
                                                       "px", "items", "steps", "Mpixel"};
  word = word.substr(0, word.find_first_of(",.;:)"));
  if (word.ends_with("/s")) word.remove_suffix(2);
  return std::find(kUnits.begin(), kUnits.end(), word) != kUnits.end();
}

// Up to the next blank, and the unit of a number with it: "4 %", "1.0 s".
std::string_view first_word(std::string_view text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  if (end == 0 || end == text.size() || text[end - 1] < '0' || text[end - 1] > '9')
    return text.substr(0, end);
  const std::size_t next_end = std::min(text.find(' ', end + 1), text.size());
  const bool unit = is_unit(text.substr(end + 1, next_end - end - 1));
  return text.substr(0, unit ? next_end : end);
}

// Which of the columns holds bars; their number if none does.
std::size_t bar_column_of(const std::vector<Column>& columns, const std::vector<Row>& rows) {
  std::size_t bar_column = columns.size();
  for (const Row& row : rows)
    if (row.bar_column >= 0) bar_column = static_cast<std::size_t>(row.bar_column);
  return bar_column;
}

struct Kept {
  std::vector<std::size_t> columns;
  std::vector<std::size_t> widths;
  std::size_t bar_width = 0;
};

Kept fit(const std::vector<Column>& columns, const std::vector<Row>& rows, std::size_t width,
         std::size_t bar_column) {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    std::size_t widest = display_width(columns[i].head);
    for (const Row& row : rows) widest = std::max(widest, display_width(row.cells[i]));
    widths.push_back(i == bar_column ? kMinBar : widest);
  }
  int drop = 0;
  for (const Column& column : columns) drop = std::max(drop, column.drop);
  for (;; --drop) {
    Kept kept;
    std::size_t used = 0;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (columns[i].drop > drop) continue;
      kept.columns.push_back(i);
      kept.widths.push_back(widths[i]);
      used += widths[i] + (used > 0 ? kGap : 0);
    }
    if (used > width && drop > 0) continue;
    const std::size_t spare = width > used ? width - used : 0;
    kept.bar_width = std::min(kMinBar + spare, kMaxBar);
    return kept;
  }
}

std::string line(const std::vector<Column>& columns, const Kept& kept,
                 const std::vector<std::string>& cells, std::size_t bar_column, double share) {
  std::string out;
  for (std::size_t k = 0; k < kept.columns.size(); ++k) {
    const std::size_t i = kept.columns[k];
    if (k > 0) out.append(kGap, ' ');
    if (i == bar_column)
      out += pad_right(bar(share, kept.bar_width), kept.bar_width);
    else
      out += columns[i].left ? pad_right(cells[i], kept.widths[k])
                             : pad_left(cells[i], kept.widths[k]);
  }
  out.erase(out.find_last_not_of(' ') + 1);
  return out;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = character(text, at);
    width += columns_of(code_point(text.substr(at, length)));
    at += length;
  }
  return width;
}

std::string cut(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  std::string out;
  for (std::size_t at = 0, used = 1; at < text.size();) {
    const std::string_view one = text.substr(at, character(text, at));
    used += columns_of(code_point(one));
    if (used > width) break;
    out += one;
    at += one.size();
  }
  return out + std::string(kEllipsis);
}

std::string cut_front(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  while (!text.empty() && display_width(text) + 1 > width) text.remove_prefix(character(text, 0));
  return std::string(kEllipsis) + std::string(text);
}

std::string pad_right(std::string_view text, std::size_t width) {
  std::string out(text);
  const std::size_t used = display_width(text);
  if (used < width) out.append(width - used, ' ');
  return out;
}

std::string pad_left(std::string_view text, std::size_t width) {
  const std::size_t used = display_width(text);
  return std::string(used < width ? width - used : 0, ' ') + std::string(text);
}

std::string wrap(std::string_view text, std::size_t width, std::string_view first,
                 std::string_view other) {
  std::string out, current(first);
  bool empty = true;
  while (!text.empty()) {
    const std::string_view word = first_word(text);
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (word.empty()) continue;
    if (!empty && display_width(current) + 1 + display_width(word) > width) {
      out += current + "\n";
      current = other;
      empty = true;
    }
    if (!empty) current += ' ';
    current += word;
    empty = false;
  }
  return out + current + "\n";
}

std::string wrap_command(std::string_view text, std::string_view command, std::size_t width,
                         std::string_view first, std::string_view other) {
  const std::string whole =
      std::string(first) + std::string(text) + " " + std::string(command) + "\n";
  if (display_width(whole) <= width + 1) return whole;
  return wrap(text, width, first, other) + std::string(other) + std::string(command) + "\n";
}

std::string bar(double share, std::size_t width) {
  constexpr std::array<const char*, 8> kParts = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  if (!(share > 0)) return "";
  const double columns = std::min(share, 1.0) * static_cast<double>(width);
  const auto eighths = static_cast<std::size_t>(std::max(1.0, std::round(columns * 8)));
  std::string out;
  for (std::size_t i = 0; i < eighths / 8; ++i) out += "█";
  return out + kParts[eighths % 8];
}

std::string to_ascii(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 15> kSigns = {{{"·", "-"},
                                                                                     {"→", "->"},
                                                                                     {"…", "~"},
                                                                                     {"█", "#"},
                                                                                     {"▏", "."},
                                                                                     {"▎", ":"},
                                                                                     {"▍", ":"},
                                                                                     {"▌", "+"},
                                                                                     {"▋", "+"},
                                                                                     {"▊", "#"},
                                                                                     {"▉", "#"},
                                                                                     {"×", "x"},
                                                                                     {"µ", "u"},
                                                                                     {"≈", "~"},
                                                                                     {"└", "`"}}};
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view one = text.substr(at, character(text, at));
    at += one.size();
    if (one.size() == 1) {
      out += one;
      continue;
    }
    const auto sign = std::find_if(kSigns.begin(), kSigns.end(),
                                   [&](const auto& known) { return known.first == one; });
    out += sign == kSigns.end() ? "?" : sign->second;
  }
  return out;
}

std::string painted(std::string_view text, Paint paint, bool color) {
  constexpr std::array<const char*, 7> kCodes = {"", "1", "2", "1;31", "1;33", "1;32", "36"};
  if (!color || paint == Paint::kPlain || text.empty()) return std::string(text);
  return "\x1b[" + std::string(kCodes[static_cast<std::size_t>(paint)]) + "m" + std::string(text) +
         "\x1b[0m";
}

std::vector<std::string> table(const std::vector<Column>& columns, const std::vector<Row>& rows,
                               std::size_t width, bool color) {
  const std::size_t bar_column = bar_column_of(columns, rows);
  const Kept kept = fit(columns, rows, width, bar_column);
  std::vector<std::string> heads, out;
  for (const Column& column : columns) heads.push_back(column.head);
  out.push_back(painted(line(columns, kept, heads, bar_column, 0), Paint::kDim, color));
  for (const Row& row : rows)
    out.push_back(
        painted(line(columns, kept, row.cells, bar_column, row.bar_share), row.paint, color));
  return out;
}

LeftOut left_out(const std::vector<Column>& columns, const std::vector<Row>& rows,
                 std::size_t width) {
  constexpr std::size_t kAnyWidth = 100'000;
  const std::size_t bar_column = bar_column_of(columns, rows);
  const Kept kept = fit(columns, rows, width, bar_column);
  LeftOut out;
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (std::find(kept.columns.begin(), kept.columns.end(), i) == kept.columns.end())
      out.heads.push_back(columns[i].head);
  for (const std::size_t wide : fit(columns, rows, kAnyWidth, bar_column).widths)
    out.width_needed += wide + (out.width_needed > 0 ? kGap : 0);
  return out;
}

}  // namespace datamon::report
