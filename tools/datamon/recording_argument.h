// The recording that a command is about: DIR, or the newest one below the
// current folder. Shared by all commands that read recordings.
#pragma once

#include <filesystem>
#include <string>

#include "command.h"

namespace datamon::cli {

// Declares the positional DIR (and MON_DIR) on a command.
CLI::Option* add_recording_argument(CLI::App& app, std::string& directory);

// `directory`, or the newest recording if that is empty. Throws CommandError
// that says where was looked and how to make a recording.
std::filesystem::path chosen_recording(const std::string& directory);

}  // namespace datamon::cli
