// How the standard output looks: a terminal or not, how wide, with colours and
// UTF-8 or without.
#pragma once

#include <string>

#include "command.h"
#include "report/reporter.h"

namespace datamon::cli {

// What every command with a text for people and a JSON for programs takes.
struct OutputOptions {
  std::string color = "auto";
  int width = 0;
  bool json = false;
};

// Declares them: --json, --color and --width.
void add_output_options(CLI::App& app, OutputOptions& options);

enum class ColorChoice { kAuto, kAlways, kNever };

// Throws CommandError for anything but auto, always, never.
ColorChoice color_choice(const std::string& text);

// The style for standard output. `width` 0: the terminal's, or $COLUMNS, or 100.
// Colours: as chosen; kAuto: on a terminal unless NO_COLOR is set or TERM is
// "dumb". UTF-8: as the locale says (LC_ALL, LC_CTYPE, LANG). A `file` other than
// "-" is UTF-8, and has colours only if they are always wanted.
report::TextStyle output_style(ColorChoice choice, int width, const std::string& file = "");

}  // namespace datamon::cli
