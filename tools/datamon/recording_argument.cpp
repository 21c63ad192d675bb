#include "recording_argument.h"

#include "report/loader_overview.h"
#include "report/text_units.h"

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

namespace {

std::string loaders_text(const std::vector<report::LoaderName>& loaders) {
  std::string out;
  for (const report::LoaderName& loader : loaders) {
    out += (out.empty() ? "" : ", ") + std::to_string(loader.number);
    if (!loader.name.empty()) out += " (" + report::printable(loader.name) + ")";
  }
  return out.empty() ? "none" : out;
}

}  // namespace

int chosen_loader(const report::Recording& recording, const std::string& text) {
  if (text.empty()) return -1;
  const auto loaders = report::loader_names(recording);
  const auto found = report::find_loader(loaders, text);
  if (!found)
    throw CommandError(recording.path().string() + " has no data loader " + text +
                           "; --loader takes one of: " + loaders_text(loaders),
                       1);
  return *found;
}

CLI::Option* add_rates_option(CLI::App& app, std::string& file) {
  return add_option(app, "--rates", file,
                    "Say where to prepare images (cpu, hybrid, gpu) by what that costs, as "
                    "datamon-pipeline DATA --rates FILE measured it",
                    "FILE");
}

std::optional<report::PlacementRates> chosen_rates(const std::string& file) {
  if (file.empty()) return std::nullopt;
  return report::read_placement_rates(file);
}

}  // namespace datamon::cli
