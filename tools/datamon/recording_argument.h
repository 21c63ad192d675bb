// The recording that a command is about: DIR, or the newest one below the
// current folder. Shared by all commands that read recordings.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "command.h"
#include "report/forecast/placement_rates.h"
#include "report/recording.h"

namespace datamon::cli {

// Declares the positional DIR (and MON_DIR) on a command.
CLI::Option* add_recording_argument(CLI::App& app, std::string& directory);

struct ChosenRecording {
  std::filesystem::path path;
  std::string age;  // "3 min ago" of one that nobody named; "" of one that was
};

// `directory`, or the newest recording if that is empty. Throws CommandError
// that says where was looked, how to make a recording, and how to name one to `command`.
ChosenRecording chosen_recording(const std::string& directory, const std::string& command);

// "recording runs/a, 3 min ago (the newest here)"; "recording runs/a" if it was named.
// Printable. The first line of text output has it wherever nobody named the recording.
std::string recording_line(const ChosenRecording& chosen);

// Opens it. Throws RecordingError, and CommandError if not one of its files can be read.
report::Recording open_recording(const std::filesystem::path& path);

// The data loader that --loader TEXT means, by number or name; -1 if that is
// empty: whichever the report chooses. Throws CommandError that names those there
// are.
int chosen_loader(const report::Recording& recording, const std::string& text);

// Declares --rates FILE: what placements of the reference pipeline cost.
CLI::Option* add_rates_option(CLI::App& app, std::string& file);

// What that file says; nothing if none is named. Throws RatesError.
std::optional<report::PlacementRates> chosen_rates(const std::string& file);

}  // namespace datamon::cli
