// `datamon report [DIR]`: what the job waits for and what to change.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "command.h"
#include "print_report.h"
#include "recording_argument.h"
#include "report/forecast/candidates.h"
#include "report/import/import.h"
#include "report/profile.h"
#include "terminal.h"

namespace datamon::cli {
namespace {

struct ReportCommandOptions : ReportOptions {
  std::string directory;
  std::string kineto, megengine_log;  // another tool's file instead of a recording
};

int report_import(const ReportCommandOptions& options, ColorChoice color) {
  const report::Profile profile = options.kineto.empty()
                                      ? report::import_megengine_log(options.megengine_log)
                                      : report::import_kineto(options.kineto);
  report::ForecastSection none;
  none.why_not = "they take a recording of the job (MON=1)";
  print_report(options, profile, report::diagnose_import(profile), none, color);
  return 0;
}

int report_recording(const ReportCommandOptions& options) {
  const ColorChoice color = color_choice(options.color);  // a wrong word is told before any work
  if (!options.kineto.empty() || !options.megengine_log.empty())
    return report_import(options, color);
  const ChosenRecording chosen = chosen_recording(options.directory, "report");
  print_report(options, open_recording(chosen.path),
               chosen.age.empty() ? "" : recording_line(chosen), color);
  return 0;
}

}  // namespace

void add_report_command(CommandSet& commands) {
  auto options = std::make_shared<ReportCommandOptions>();
  CLI::App& app = commands.add(
      {.name = "report",
       .summary = "Say what a job waits for and what to change",
       .usage = "",
       .description =
           "Reads a recording and prints the verdict, its evidence and remedies. A recording of\n"
           "a job that still runs can be read, too. The JSON is described by a JSON Schema\n"
           "(docs/report.schema.json); how the verdict is reached: docs/diagnosis.md; what the\n"
           "words mean: docs/guide.md, \"Read the report\".",
       .examples = {{"report", "the newest recording below this folder"},
                    {"report runs/a --json -o a.json", "for programs"},
                    {"report --color always | less -R", "page through it in colour"},
                    {"report --rates rates.json", "and where to prepare images"},
                    {"report --kineto trace.json.gz", "a trace of the PyTorch profiler"}}},
      [options] { return report_recording(*options); });
  add_recording_argument(app, options->directory);
  CLI::Option* const kineto = add_option(
      app, "--kineto", options->kineto,
      "Report on a Chrome trace of the PyTorch profiler (also .gz, - for a pipe)", "FILE");
  CLI::Option* const log =
      add_option(app, "--megengine-log", options->megengine_log,
                 "Report on what MegEngine prints under MGE_DATA_MONITOR=1", "FILE");
  log->excludes(kineto);
  add_rates_option(app, options->rates)->excludes(kineto)->excludes(log);
  add_report_output(app, *options);
}

}  // namespace datamon::cli
