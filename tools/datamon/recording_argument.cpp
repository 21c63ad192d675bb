#include "recording_argument.h"

#include "report/recording.h"

namespace datamon::cli {

CLI::Option* add_recording_argument(CLI::App& app, std::string& directory) {
  return add_option(app, "DIR", directory,
                    "The recording (default: the newest one below this folder)", "DIR");
}

std::filesystem::path chosen_recording(const std::string& directory) {
  if (!directory.empty()) return directory;
  std::error_code error;
  const std::filesystem::path here = std::filesystem::current_path(error);
  if (auto newest = report::Recording::newest_below(error ? "." : here)) {
    const auto relative = newest->lexically_proximate(here);
    return relative.empty() ? *newest : relative;
  }
  throw CommandError("there is no recording below " + here.string() +
                         "\nmake one:   datamon run -- ./train\nor name it: datamon "
                         "report DIR",
                     1);
}

}  // namespace datamon::cli
