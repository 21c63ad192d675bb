#include "terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string_view>

namespace datamon::cli {
namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

int terminal_width() {
  struct winsize size = {};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const int columns = std::atoi(std::string(environment("COLUMNS")).c_str());
  return columns > 0 ? columns : 100;
}

// As POSIX orders the three; what none of them says is the C locale.
bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    std::string value(environment(name));
    if (value.empty()) continue;
    std::transform(value.begin(), value.end(), value.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
  }
  return false;
}

}  // namespace

void add_output_options(CLI::App& app, OutputOptions& options) {
  add_flag(app, "--json", options.json, "Print JSON for programs");
  add_option(app, "--color", options.color, "When to use colours (default: auto, on a terminal)",
             "{auto,always,never}");
  add_option(app, "--width", options.width, "Columns of the text (default: the terminal's)", "N");
}

ColorChoice color_choice(const std::string& text) {
  if (text == "always") return ColorChoice::kAlways;
  if (text == "never") return ColorChoice::kNever;
  if (text == "auto") return ColorChoice::kAuto;
  throw CommandError("--color takes auto, always or never, not '" + text + "'", 2);
}

report::TextStyle output_style(ColorChoice choice, int width, const std::string& file) {
  report::TextStyle style;
  style.width = width > 0 ? width : terminal_width();
  style.utf8 = locale_is_utf8();
  const bool wanted = isatty(STDOUT_FILENO) != 0 && environment("NO_COLOR").empty() &&
                      environment("TERM") != "dumb";
  style.color = choice == ColorChoice::kAlways || (choice == ColorChoice::kAuto && wanted);
  if (!file.empty() && file != "-") {
    style.color = choice == ColorChoice::kAlways;
    style.utf8 = true;
  }
  return style;
}

}  // namespace datamon::cli
