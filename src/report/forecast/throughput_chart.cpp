#include "report/forecast/throughput_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/text_layout.h"
#include "report/text_units.h"

namespace datamon::report {
namespace {

constexpr int kRows = 12;
constexpr std::size_t kLabels = 8;  // columns left of the axis

// A cell of a column that fills `eighths` of it.
std::string block(int eighths, bool utf8) {
  static constexpr const char* kBlocks[9] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  if (utf8) return kBlocks[std::clamp(eighths, 0, 8)];
  return eighths >= 4 ? "#" : " ";
}

struct Scale {
  double top;
  int eighths(double value) const { return static_cast<int>(std::lround(value / top * kRows * 8)); }
};

std::string row_of(const Chart& chart, const TextStyle& style, const Scale& scale, int row,
                   std::size_t count, std::size_t each) {
  const int floor = row * 8;
  const int line = chart.line > 0 ? scale.eighths(chart.line) : -1;
  const bool has_line = line > floor && line <= floor + 8;
  std::string out;
  for (std::size_t i = 0; i < count; ++i) {
    const int filled = scale.eighths(chart.values[i]) - floor;
    std::string cell;
    for (std::size_t c = 0; c < each; ++c)
      cell += filled > 0 && block(filled, style.utf8) != " " ? block(filled, style.utf8)
              : has_line                                     ? "-"
                                                             : " ";
    const bool marked = static_cast<int>(i) + 1 == chart.marked;
    out += painted(cell, marked ? Paint::kGreen : Paint::kPlain, style.color);
  }
  return out;
}

// Numbers below the axis, where there is room for them.
std::string numbers(std::size_t count, std::size_t each, int marked) {
  std::string out(count * each + 4, ' ');
  const auto put = [&](std::size_t at) {
    const std::string number = std::to_string(at);
    const std::size_t column = (at - 1) * each;
    const std::size_t from = column > 0 ? column - 1 : 0;
    if (out.substr(from, number.size() + 2).find_first_not_of(' ') != std::string::npos) return;
    out.replace(column, number.size(), number);
  };
  if (marked > 0 && static_cast<std::size_t>(marked) <= count)
    put(static_cast<std::size_t>(marked));
  put(1);
  for (std::size_t at = 8; at <= count; at += 8) put(at);
  return out.substr(0, out.find_last_not_of(' ') + 1);
}

}  // namespace

std::string draw(const Chart& chart, const TextStyle& style) {
  const auto width = static_cast<std::size_t>(std::max(20, style.width));
  // The axis, and the name behind its last number.
  const std::size_t room = width - kLabels - 6 - std::min(width / 4, chart.x_name.size());
  const std::size_t count = std::min(chart.values.size(), room);
  if (count == 0) return "";
  const std::size_t each = std::clamp<std::size_t>(room / count, 1, 3);
  const double highest = *std::max_element(
      chart.values.begin(), chart.values.begin() + static_cast<std::ptrdiff_t>(count));
  // The line is shown when it is near; far above, it would flatten the values.
  Chart shown = chart;
  if (shown.line > 2 * highest) shown.line = 0;
  const Scale scale{std::max({highest, shown.line, 1e-12})};
  std::string out;
  for (int row = kRows - 1; row >= 0; --row) {
    const bool labelled = row == kRows - 1 || row == kRows / 2 - 1;
    const double value = scale.top * (row + 1) / kRows;
    out += "  " + pad_left(labelled ? rate_text(value) : "", kLabels - 2) + " |";
    out += row_of(shown, style, scale, row, count, each) + "\n";
  }
  out += "  " + pad_left("0", kLabels - 2) + " +" + std::string(count * each, '-') + "\n";
  out += "  " + std::string(kLabels - 2, ' ') + "  " + numbers(count, each, chart.marked) + "  " +
         chart.x_name + "\n";
  if (shown.line > 0)
    out += "  " + std::string(kLabels - 2, ' ') + "  --- " + chart.line_name + "\n";
  return out;
}

}  // namespace datamon::report
