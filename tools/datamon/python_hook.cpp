#include "python_hook.h"

#include <cstdlib>

#include "library_path.h"

namespace datamon::cli {

namespace fs = std::filesystem;

fs::path find_python_hook() {
  return folder_beside_program({"../hook", "../python/datamon/hook",
                                "../" DATAMON_INSTALL_DATADIR "/datamon/python/datamon/hook"},
                               "sitecustomize.py");
}

std::string python_path_with(const fs::path& hook) {
  const char* given = std::getenv("PYTHONPATH");
  std::string path = hook.string();
  if (given != nullptr && given[0] != '\0') path += std::string(":") + given;
  return path;
}

std::string option_against_hook(const std::vector<std::string>& command) {
  if (command.empty() || !fs::path(command.front()).filename().string().starts_with("python"))
    return "";
  for (std::size_t i = 1; i < command.size(); ++i) {
    const std::string& word = command[i];
    if (word.size() < 2 || word[0] != '-' || word[1] == '-') break;  // the program begins
    for (const char letter : word.substr(1)) {
      if (letter == 'S' || letter == 'I' || letter == 'E') return std::string("-") + letter;
      if (letter == 'c' || letter == 'm') return "";
      if (letter == 'W' || letter == 'X') {  // takes a value, here or in the next word
        if (word.back() == letter) ++i;
        break;
      }
    }
  }
  return "";
}

}  // namespace datamon::cli
