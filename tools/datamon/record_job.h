// Running a command so that it is recorded: what `run` and `probe` share.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "child_process.h"
#include "command.h"
#include "cupti.h"
#include "nvtx.h"

namespace datamon::cli {

// What is handed on to the monitor in the job. The option's name gives the
// variable's.
struct Setting {
  const char* option;
  const char* help;
  std::string value;
};

struct RecordOptions {
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

// Declares them; `options` must outlive the app.
void add_record_options(CLI::App& app, RecordOptions& options);

// A check for CLI11: "" or what is wrong.
std::string number_check(const std::string& text);

// The folder of the recording; made if it is missing. Throws CommandError.
std::filesystem::path prepare_directory(const RecordOptions& options);

struct RecordedJob {
  ChildResult result;
  bool recorded = false;
  std::string why_nothing;  // if it is not recorded
};

// One line on stderr: where the recording is, or why there is none.
void say_recorded(const RecordedJob& job, const std::filesystem::path& directory);

// Runs it to its end. Throws CommandError if it could not be started; says on stderr what
// the recording lacks because of how Python was started.
RecordedJob record_job(const RecordOptions& options, const std::filesystem::path& directory,
                       const std::vector<std::string>& command,
                       const std::vector<std::pair<std::string, std::string>>& environment = {});

}  // namespace datamon::cli
