// How `datamon run` reaches Python programs in whose interpreter datamon is not
// installed: a folder with a sitecustomize.py at the head of PYTHONPATH, which
// each interpreter below imports at its start.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace datamon::cli {

// The folder, beside this program (wheel, installed, build tree); "" if none.
std::filesystem::path find_python_hook();

// PYTHONPATH with the folder in front of what the user has there.
std::string python_path_with(const std::filesystem::path& hook);

// If `command` starts a Python that will not look at the hook (-S, -I, -E): the
// option that says so; else "".
std::string option_against_hook(const std::vector<std::string>& command);

}  // namespace datamon::cli
