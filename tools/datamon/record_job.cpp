#include "record_job.h"

#include <fmt/format.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "python_hook.h"
#include "recording_setup.h"
#include "report/shell_word.h"

namespace datamon::cli {
namespace {

namespace fs = std::filesystem;

// Inside a job that is being recorded, the command belongs to that recording.
bool joins_recording() {
  const char* on = std::getenv("MON");
  return on != nullptr && on[0] != '\0' && std::string_view(on) != "0" &&
         std::getenv("MON_DIR") != nullptr;
}

std::string why_nothing(const ChildResult& result, const fs::path& library,
                        const PreloadPlan& preload) {
  if (library.empty())
    return "libdatamon.so.0 was not found beside this program; set MON_LIBRARY to its path";
  if (result.signal == SIGKILL) return "the command was killed before it began to record";
  if (!preload.obstacle.empty()) return preload.obstacle + "; see: datamon doctor";
  const std::string seen = preload.variable.empty() ? "" : "read a data file, decoded an image or ";
  return "no process of the command " + seen +
         "uses datamon (Python is recorded by itself, a C or C++ program includes "
         "datamon/monitor.h; set-user-ID and static programs are never recorded); see: datamon "
         "doctor";
}

// As a user would name it.
fs::path shown(const fs::path& directory) {
  std::error_code error;
  const fs::path relative = directory.lexically_proximate(fs::current_path(error));
  return error || relative.native().starts_with("..") ? directory : relative;
}

}  // namespace

std::string number_check(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  const bool good = end != text.c_str() && *end == '\0' && value >= 0 && value < 1e9;
  return good ? "" : "must be a number, 0 or more, not '" + text + "'";
}

fs::path prepare_directory(const RecordOptions& options) {
  const fs::path directory =
      options.directory.empty() ? fresh_directory("datamon") : fs::absolute(options.directory);
  if (has_recording(directory) && !joins_recording())
    throw CommandError(fmt::format("{} already holds a recording, and two jobs in one would be "
                                   "mixed up; name another with --dir or remove it",
                                   directory.string()),
                       kCannotRun);
  std::error_code error;
  fs::create_directories(directory, error);
  if (error)
    throw CommandError(fmt::format("cannot create {}: {}; name a folder that can be written with "
                                   "--dir",
                                   directory.string(), error.message()),
                       kCannotRun);
  return directory;
}

RecordedJob record_job(const RecordOptions& options, const fs::path& directory,
                       const std::vector<std::string>& command,
                       const std::vector<std::pair<std::string, std::string>>& environment) {
  JobEnvironment job = recording_environment(command, directory, options.library, options.preload);
  auto& variables = job.variables;
  for (const Setting& setting : options.settings)
    if (!setting.value.empty())
      variables.emplace_back(environment_name(setting.option + 2), setting.value);
  variables.insert(variables.end(), environment.begin(), environment.end());
  add_nvtx_environment(options.nvtx, job.library, variables, kCannotRun);
  if (options.cupti) add_cupti_environment(job.library, variables, kCannotRun);

  RecordedJob done;
  done.result = run_child(command, variables);
  done.recorded = has_recording(directory);
  std::error_code error;
  if (!done.recorded) fs::remove(directory, error);  // only if empty
  if (done.result.start_error != 0) {
    throw CommandError(
        fmt::format("cannot run {}: {}; {}", command.front(),
                    std::strerror(done.result.start_error),
                    done.result.exit_code == 127 ? "check its spelling and that PATH has it"
                                                 : "check that it is an executable program"),
        done.result.exit_code);
  }
  if (!done.recorded) done.why_nothing = why_nothing(done.result, job.library, job.preload);
  if (const std::string option = option_against_hook(command); !option.empty())
    std::cerr << fmt::format(
        "datamon: Python was started with {}, which leaves out start-up hooks: its data "
        "loaders are not recorded; run it without that option\n",
        option);
  return done;
}

void say_recorded(const RecordedJob& job, const fs::path& directory) {
  if (job.recorded)
    std::cerr << fmt::format("datamon: recorded in {} · next: datamon report {}\n",
                             shown(directory).native(),
                             report::shell_word(shown(directory).native()));
  else
    std::cerr << fmt::format("datamon: nothing was recorded: {}\n", job.why_nothing);
}

void add_record_options(CLI::App& app, RecordOptions& options) {
  add_option(app, "--dir", options.directory,
             "Folder for the recording (default: a fresh datamon-TIME-PID here)", "DIR");
  add_option(app, "--library", options.library,
             "The monitor library (default: libdatamon.so.0 beside this program)", "FILE");
  add_flag(app, "--preload,!--no-preload", options.preload,
           "Preload the library that records reads of data files and image decoding in any "
           "program (default: on)");
  for (Setting& setting : options.settings)
    add_option(app, setting.option, setting.value, setting.help, "N")->check(number_check);
  add_nvtx_options(app, options.nvtx);
  add_flag(app, "--cupti", options.cupti,
           "Record what the GPU does: kernels, copies, waits for it (docs/gpu-monitor.md)");
}

}  // namespace datamon::cli
