#include "system/mounts.h"

#include "system/text.h"

namespace datamon::system {

// id parent major:minor root point options [optional ...] - type source options
std::optional<Mount> parse_mount(std::string_view line) {
  Mount mount;
  next_word(line, " ");
  next_word(line, " ");
  mount.device = next_word(line, " ");
  mount.root = next_word(line, " ");
  mount.point = next_word(line, " ");
  next_word(line, " ");
  std::string_view word;
  do {
    word = next_word(line, " ");
  } while (!word.empty() && word != "-");
  mount.type = next_word(line, " ");
  mount.source = next_word(line, " ");
  mount.options = next_word(line, " ");
  if (mount.options.empty()) return std::nullopt;
  return mount;
}

Path unescape(std::string_view escaped) {
  Path path;
  const auto octal = [](char digit) { return digit >= '0' && digit <= '7'; };
  for (std::size_t i = 0; i < escaped.size(); ++i) {
    char byte = escaped[i];
    if (byte == '\\' && i + 3 < escaped.size() && octal(escaped[i + 1]) && octal(escaped[i + 2]) &&
        octal(escaped[i + 3])) {
      byte = static_cast<char>((escaped[i + 1] - '0') * 64 + (escaped[i + 2] - '0') * 8 +
                               (escaped[i + 3] - '0'));
      i += 3;
    }
    path.append({&byte, 1});
  }
  return path;
}

bool is_below(std::string_view path, std::string_view folder) {
  if (folder == "/") return path.starts_with('/');
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

}  // namespace datamon::system
