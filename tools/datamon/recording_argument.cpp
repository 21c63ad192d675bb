#include "recording_argument.h"

#include <fmt/format.h>

#include <chrono>

#include "report/loader_overview.h"
#include "report/text_units.h"

namespace datamon::cli {
namespace {

namespace fs = std::filesystem;

std::string age_text(fs::file_time_type written) {
  const std::chrono::duration<double> age = fs::file_time_type::clock::now() - written;
  const double seconds = age.count();
  constexpr double kMinute = 60, kHour = 60 * kMinute, kDay = 24 * kHour;
  if (seconds < 1) return "just now";  // also where the clock was set back
  if (seconds < kMinute) return fmt::format("{:.0f} s ago", seconds);
  if (seconds < kHour) return fmt::format("{:.0f} min ago", seconds / kMinute);
  if (seconds < 2 * kDay) return fmt::format("{:.0f} h ago", seconds / kHour);
  return fmt::format("{:.0f} days ago", seconds / kDay);
}

std::string loaders_text(const std::vector<report::LoaderName>& loaders) {
  std::string out;
  for (const report::LoaderName& loader : loaders) {
    out += (out.empty() ? "" : ", ") + std::to_string(loader.number);
    if (!loader.name.empty()) out += " (" + report::printable(loader.name) + ")";
  }
  return out.empty() ? "none" : out;
}

}  // namespace

CLI::Option* add_recording_argument(CLI::App& app, std::string& directory) {
  return add_option(app, "DIR", directory,
                    "The recording (default: the newest one below this folder)", "DIR");
}

ChosenRecording chosen_recording(const std::string& directory, const std::string& command) {
  if (!directory.empty()) return {directory, ""};
  std::error_code error;
  const fs::path here = fs::current_path(error);
  if (const auto newest = report::Recording::newest_below(error ? "." : here)) {
    const fs::path relative = newest->path.lexically_proximate(here);
    return {relative.empty() ? newest->path : relative, age_text(newest->written)};
  }
  throw CommandError(fmt::format("there is no recording below {}\nmake one:   datamon run -- "
                                 "./train\nor name it: datamon {} DIR",
                                 report::printable(here.native()), command),
                     1);
}

std::string recording_line(const ChosenRecording& chosen) {
  const std::string named = "recording " + report::printable(chosen.path.native());
  return chosen.age.empty() ? named : fmt::format("{}, {} (the newest here)", named, chosen.age);
}

report::Recording open_recording(const fs::path& path) {
  report::Recording recording = report::Recording::open(path);
  if (!recording.processes().empty()) return recording;
  const auto& problems = recording.problems();
  const std::string why = problems.empty()
                              ? "it is empty"
                              : fmt::format("{} at byte {}: {}", problems.front().file,
                                            problems.front().offset, problems.front().what);
  const std::string others =
      problems.size() > 1 ? fmt::format(" (and {} more problem{})", problems.size() - 1,
                                        report::plural(static_cast<double>(problems.size() - 1)))
                          : "";
  throw CommandError(
      report::printable(fmt::format("nothing in {} can be read: {}{}; name the folder that a job "
                                    "with MON=1 left, or record the job again: datamon run -- "
                                    "COMMAND",
                                    path.native(), why, others)),
      1);
}

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
