// Whether the preload shim can look into a command, and how to put it there.
#pragma once

#include <filesystem>
#include <string>

namespace datamon::cli {

struct PreloadPlan {
  std::string variable;  // LD_PRELOAD for the command, with what was in it; "": leave it alone
  std::string obstacle;  // why the command cannot be preloaded, for people; "" if it can
};

// `command` is found in PATH as the shell does; the shim lies beside `library`.
PreloadPlan plan_preload(const std::string& command, const std::filesystem::path& library);

}  // namespace datamon::cli
