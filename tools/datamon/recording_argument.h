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

// `directory`, or the newest recording if that is empty. Throws CommandError
// that says where was looked and how to make a recording.
std::filesystem::path chosen_recording(const std::string& directory);

// The data loader that --loader TEXT means, by number or name; -1 if that is
// empty: whichever the report chooses. Throws CommandError that names those there
// are.
int chosen_loader(const report::Recording& recording, const std::string& text);

// Declares --rates FILE: what placements of the reference pipeline cost.
CLI::Option* add_rates_option(CLI::App& app, std::string& file);

// What that file says; nothing if none is named. Throws RatesError.
std::optional<report::PlacementRates> chosen_rates(const std::string& file);

}  // namespace datamon::cli
