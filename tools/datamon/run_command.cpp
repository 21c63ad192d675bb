// `datamon run -- COMMAND`: records a job.
#include <fmt/format.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <memory>

#include "child_process.h"
#include "command.h"
#include "cupti.h"
#include "nvtx.h"
#include "python_hook.h"
#include "recording_setup.h"

namespace datamon::cli {
namespace {

namespace fs = std::filesystem;

// What is handed on to the monitor in the job. The option's name gives the
// variable's.
struct Setting {
  const char* option;
  const char* help;
  std::string value;
};

struct Options {
  std::string directory;
  std::string library;
  NvtxOptions nvtx;
  bool cupti = false;
  bool preload = true;
  std::vector<Setting> settings = {
      {"--max-mb", "Largest recording of one process in MiB (default 64); sums stay exact", ""},
      {"--budget", "Percent of the job's time that costly readings may take (default 0.5)", ""},
  };
};

// A check for CLI11: "" or what is wrong.
std::string number(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  const bool good = end != text.c_str() && *end == '\0' && value >= 0 && value < 1e9;
  return good ? "" : "must be a number, 0 or more, not '" + text + "'";
}

// Inside a job that is being recorded, the command belongs to that recording.
bool joins_recording() {
  const char* on = std::getenv("MON");
  return on != nullptr && on[0] != '\0' && std::string_view(on) != "0" &&
         std::getenv("MON_DIR") != nullptr;
}

fs::path prepare_directory(const Options& options) {
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

std::string shown(const fs::path& directory) {
  std::error_code error;
  const fs::path relative = directory.lexically_proximate(fs::current_path(error));
  return error || relative.native().starts_with("..") ? directory.string() : relative.string();
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

int run(const Options& options, const std::vector<std::string>& command) {
  if (command.empty()) throw CommandError("run: no command given\ntry: datamon run -- ./train", 2);
  const fs::path directory = prepare_directory(options);
  JobEnvironment job = recording_environment(command, directory, options.library, options.preload);
  auto& environment = job.variables;
  for (const Setting& setting : options.settings)
    if (!setting.value.empty())
      environment.emplace_back(environment_name(setting.option + 2), setting.value);
  add_nvtx_environment(options.nvtx, job.library, environment, kCannotRun);
  if (options.cupti) add_cupti_environment(job.library, environment, kCannotRun);

  const ChildResult result = run_child(command, environment);

  std::error_code error;
  const bool recorded = has_recording(directory);
  if (!recorded) fs::remove(directory, error);  // only if empty
  if (result.start_error != 0) {
    throw CommandError(
        fmt::format("cannot run {}: {}; {}", command.front(), std::strerror(result.start_error),
                    result.exit_code == 127 ? "check its spelling and that PATH has it"
                                            : "check that it is an executable program"),
        result.exit_code);
  }
  if (recorded)
    std::cerr << fmt::format("datamon: recorded in {} · next: datamon report {}\n",
                             shown(directory), shown(directory));
  else
    std::cerr << fmt::format("datamon: nothing was recorded: {}\n",
                             why_nothing(result, job.library, job.preload));
  if (const std::string option = option_against_hook(command); !option.empty())
    std::cerr << fmt::format(
        "datamon: Python was started with {}, which leaves out start-up hooks: its data loaders "
        "are "
        "not recorded; run it without that option\n",
        option);
  return result.exit_code;
}

}  // namespace

void add_run_command(CommandSet& commands) {
  auto options = std::make_shared<Options>();
  CLI::App& app = commands.add(
      {.name = "run",
       .summary = "Record a job",
       .usage = "[OPTIONS] -- COMMAND [ARGUMENT...]",
       .description =
           "Runs COMMAND with MON=1, so that it and all its children record into one folder.\n"
           "Standard streams, terminal and signals are the command's own. The exit code is the\n"
           "command's, 128+n if signal n ended it, 127 if it was not found, 126 if it cannot be\n"
           "run, 125 if the recording cannot be prepared.",
       .examples = {{"run -- ./train", "record one job"},
                    {"run --dir runs/a -- ./train --epochs 2", "choose where"}}},
      [options, &commands] { return run(*options, commands.command_line()); });
  app.prefix_command();
  add_option(app, "--dir", options->directory,
             "Folder for the recording (default: a fresh datamon-TIME-PID here)", "DIR");
  add_option(app, "--library", options->library,
             "The monitor library (default: libdatamon.so.0 beside this program)", "FILE");
  add_flag(app, "--preload,!--no-preload", options->preload,
           "Preload the library that records reads of data files and image decoding in any "
           "program (default: on)");
  for (Setting& setting : options->settings)
    add_option(app, setting.option, setting.value, setting.help, "N")->check(number);
  add_nvtx_options(app, options->nvtx);
  add_flag(app, "--cupti", options->cupti,
           "Record what the GPU does: kernels, copies, waits for it (docs/gpu-monitor.md)");
}

}  // namespace datamon::cli
