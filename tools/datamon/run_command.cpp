// `datamon run -- COMMAND`: records a job.
#include <CLI/CLI.hpp>
#include <memory>

#include "record_job.h"

namespace datamon::cli {
namespace {

int run(const RecordOptions& options, const std::vector<std::string>& command) {
  if (command.empty()) throw CommandError("run: no command given\ntry: datamon run -- ./train", 2);
  const std::filesystem::path directory = prepare_directory(options);
  const RecordedJob job = record_job(options, directory, command);
  say_recorded(job, directory);
  return job.result.exit_code;
}

}  // namespace

void add_run_command(CommandSet& commands) {
  auto options = std::make_shared<RecordOptions>();
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
  add_record_options(app, *options);
}

}  // namespace datamon::cli
