#include "trial_runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "command.h"
#include "recording_argument.h"
#include "recording_setup.h"
#include "report/diagnosis_evidence.h"
#include "report/loader_notes.h"
#include "report/loader_overview.h"
#include "report/tune/measurement.h"

namespace datamon::cli {
namespace {

namespace fs = std::filesystem;

// The recording's own default is 64 MiB a process; a few steps need less.
constexpr const char* kTrialMaxMb = "16";

// The last line that is not empty; the end of it if it is long.
std::string last_line_of(const fs::path& path) {
  constexpr std::streamoff kMost = 2000;
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const std::streamoff size = file ? static_cast<std::streamoff>(file.tellg()) : 0;
  std::string text(static_cast<std::size_t>(std::min(size, kMost)), '\0');
  file.seekg(size - static_cast<std::streamoff>(text.size()));
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  const std::size_t line = text.rfind('\n');
  return line == text.npos ? text : text.substr(line + 1);
}

}  // namespace

std::optional<report::Profile> TrialRunner::profile_of(const fs::path& recording) const {
  if (!has_recording(recording)) return std::nullopt;
  try {
    const auto opened = report::Recording::open(recording);
    if (loader_ >= 0) return report::build_profile(opened, {.loader = loader_});
    if (!job_.loader.empty()) {
      const auto loader = report::find_loader(report::loader_names(opened), job_.loader);
      if (!loader) return std::nullopt;
      return report::build_profile(opened, {.loader = *loader});
    }
    std::optional<report::Profile> most;  // steps
    for (const int loader : report::build_profile(opened).loaders) {
      report::Profile profile = report::build_profile(opened, {.loader = loader});
      if (!most || profile.consumer.steps > most->consumer.steps) most = std::move(profile);
    }
    return most;
  } catch (const report::RecordingError&) {
    return std::nullopt;  // its first file is being made
  }
}

void TrialRunner::choose_loader(const fs::path& recording) {
  if (job_.loader.empty() || loader_ >= 0) return;
  loader_ = chosen_loader(report::Recording::open(recording), job_.loader);
}

TrialOutcome TrialRunner::run(const std::optional<report::LoaderSetting>& setting,
                              double most_seconds, std::size_t epochs) {
  const fs::path folder = job_.folder / fmt::format("trial-{}", ++trials_);
  TrialOutcome outcome;
  outcome.recording = folder / "recording";
  std::error_code error;
  fs::create_directories(outcome.recording, error);
  if (error || has_recording(outcome.recording))
    throw CommandError(
        fmt::format("cannot use {} for a trial: {}; name a fresh folder with --dir",
                    folder.string(), error ? error.message() : "it holds a recording"),
        kCannotRun);

  TrialProcess process;
  process.command = job_.command;
  process.environment =
      recording_environment(job_.command, outcome.recording, job_.library, true).variables;
  process.environment.emplace_back("MON_MAX_MB", kTrialMaxMb);
  process.environment.emplace_back(
      "MON_TUNE", setting ? report::tune_variable(*setting, loader_) : report::kKeepSettings);
  for (const auto& variable : job_.environment) process.environment.push_back(variable);
  process.output = folder / "stdout";
  process.errors = folder / "stderr";
  process.most_seconds = most_seconds;

  outcome.end = run_trial_process(process, [&] {
    const auto profile = profile_of(outcome.recording);
    return profile && report::is_enough(*profile) &&
           report::epoch_boundaries(profile->phases).count >= epochs;
  });
  outcome.last_words = last_line_of(process.errors);
  if (!has_recording(outcome.recording)) return outcome;
  choose_loader(outcome.recording);
  outcome.profile = profile_of(outcome.recording);
  if (!outcome.profile) return outcome;
  if (loader_ < 0) loader_ = outcome.profile->loader;
  const auto opened = report::Recording::open(outcome.recording);
  const report::LoaderNotes notes(opened, loader_);
  outcome.takes = notes.text("takes");
  outcome.kept = notes.text("kept");
  outcome.iterable = notes.flag("iterable") == 1;
  return outcome;
}

}  // namespace datamon::cli
