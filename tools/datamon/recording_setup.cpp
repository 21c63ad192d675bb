#include "recording_setup.h"

#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include "library_path.h"
#include "python_hook.h"

namespace datamon::cli {

namespace fs = std::filesystem;

bool has_recording(const fs::path& directory) {
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error))
    if (it->path().extension() == ".mon") return true;
  return false;
}

fs::path fresh_directory(const std::string& prefix) {
  char time_text[32];
  const time_t now = time(nullptr);
  struct tm local = {};
  localtime_r(&now, &local);
  strftime(time_text, sizeof time_text, "%Y%m%d-%H%M%S", &local);
  return fs::current_path() / fmt::format("{}-{}-{}", prefix, time_text, getpid());
}

JobEnvironment recording_environment(const std::vector<std::string>& command,
                                     const fs::path& directory, const std::string& library,
                                     bool preload) {
  JobEnvironment job;
  job.library = library.empty() ? find_library() : fs::path(library);
  job.variables = {{"MON", "1"}, {"MON_DIR", directory.string()}};
  if (!job.library.empty()) job.variables.emplace_back("MON_LIBRARY", job.library.string());
  if (const fs::path hook = find_python_hook(); !hook.empty())
    job.variables.emplace_back("PYTHONPATH", python_path_with(hook));
  if (preload) job.preload = plan_preload(command.front(), job.library);
  if (!job.preload.variable.empty()) job.variables.emplace_back("LD_PRELOAD", job.preload.variable);
  return job;
}

}  // namespace datamon::cli
