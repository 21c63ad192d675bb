// Laying out plain text: display width, wrapping, tables, colours. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace datamon::report {

// Columns that a UTF-8 text takes on a terminal (East Asian wide characters two).
std::size_t display_width(std::string_view text);
// At most `width` columns; a longer text ends in "…" (or starts with it).
std::string cut(std::string_view text, std::size_t width);
std::string cut_front(std::string_view text, std::size_t width);
std::string pad_right(std::string_view text, std::size_t width);
std::string pad_left(std::string_view text, std::size_t width);

// Words in lines of at most `width` columns; the first line starts with
// `first`, the others with `other` (both count). A number stays with its unit.
std::string wrap(std::string_view text, std::size_t width, std::string_view first,
                 std::string_view other);

// The same of a text and a command that is to be copied, which is never broken: behind
// the text if one line holds both, else on a line of its own.
std::string wrap_command(std::string_view text, std::string_view command, std::size_t width,
                         std::string_view first, std::string_view other);

// Eighths of a block: share of `width` columns.
std::string bar(double share, std::size_t width);

// For terminals and locales without UTF-8: our own signs become ASCII, other
// characters "?".
std::string to_ascii(std::string_view text);

enum class Paint { kPlain, kBold, kDim, kRed, kYellow, kGreen, kCyan };
std::string painted(std::string_view text, Paint paint, bool color);

// A column of a table. Columns are left out from the highest `drop` on until
// the rest fits; those with drop 0 stay.
struct Column {
  std::string head;
  bool left = false;
  int drop = 0;
};
struct Row {
  std::vector<std::string> cells;  // one for each column
  Paint paint = Paint::kPlain;
  int bar_column = -1;
  double bar_share = 0;
};

// One line a row; the column named "" in `columns` with left = true and a
// bar_column that points at it is filled with bars from the space left over.
std::vector<std::string> table(const std::vector<Column>& columns, const std::vector<Row>& rows,
                               std::size_t width, bool color);

// The columns of such a table that do not fit, and from which width on all do.
struct LeftOut {
  std::vector<std::string> heads;
  std::size_t width_needed = 0;
};
LeftOut left_out(const std::vector<Column>& columns, const std::vector<Row>& rows,
                 std::size_t width);

}  // namespace datamon::report
