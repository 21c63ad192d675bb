#include "report/shell_word.h"

#include <fmt/format.h>

#include "report/text_units.h"

namespace datamon::report {
namespace {

constexpr std::string_view kSafe =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:@%+,=";

// $'...': the only quotes in which a byte can be written that cannot be shown.
std::string escaped(std::string_view bytes) {
  std::string out = "$'";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\'' || c == '\\')
      out += std::string("\\") + c;
    else if (byte < 0x20 || byte >= 0x7F)
      out += fmt::format("\\{:03o}", byte);
    else
      out += c;
  }
  return out + "'";
}

std::string in_quotes(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'')
      out += "'\\''";
    else
      out += c;
  }
  return out + "'";
}

}  // namespace

std::string shell_word(std::string_view path) {
  const std::string word = (path.starts_with('-') ? "./" : "") + std::string(path);
  if (word.empty()) return "''";
  if (word.find_first_not_of(kSafe) == std::string::npos) return word;
  return printable(word) == word ? in_quotes(word) : escaped(word);
}

}  // namespace datamon::report
