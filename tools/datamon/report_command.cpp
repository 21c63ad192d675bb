// `datamon report [DIR]`: what the job waits for and what to change.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "command.h"
#include "output_file.h"
#include "recording_argument.h"
#include "report/forecast/candidates.h"
#include "report/import/import.h"
#include "report/loader_overview.h"
#include "report/profile.h"
#include "report/reporter.h"
#include "terminal.h"

namespace datamon::cli {
namespace {

struct Options : OutputOptions {
  std::string directory;
  std::string output;
  std::string kineto, megengine_log;  // another tool's file instead of a recording
  std::string loader;
};

void render(const Options& options, const report::Profile& profile,
            const report::Diagnosis& diagnosis, const report::ForecastSection* forecasts,
            ColorChoice color) {
  const report::TextStyle style = output_style(color, options.width, options.output);
  const auto reporter = options.json ? report::json_reporter() : report::text_reporter(style);
  write_output(options.output, reporter->render(profile, diagnosis, forecasts));
}

int report_import(const Options& options, ColorChoice color) {
  const report::Profile profile = options.kineto.empty()
                                      ? report::import_megengine_log(options.megengine_log)
                                      : report::import_kineto(options.kineto);
  report::ForecastSection none;
  none.why_not = "they take a recording of the job (MON=1)";
  render(options, profile, report::diagnose_import(profile), &none, color);
  return 0;
}

int report_recording(const Options& options) {
  const ColorChoice color = color_choice(options.color);  // a wrong word is told before any work
  if (!options.kineto.empty() || !options.megengine_log.empty())
    return report_import(options, color);
  const auto path = chosen_recording(options.directory);
  const auto recording = report::Recording::open(path);
  const auto profile =
      report::build_profile(recording, {.loader = chosen_loader(recording, options.loader)});
  report::Diagnosis diagnosis = report::diagnose(profile);
  const report::ForecastSection forecasts = report::forecast_section(profile, diagnosis);
  report::rank_by_forecast(diagnosis, forecasts.forecasts);
  report::add_loaders(recording, profile, diagnosis);
  render(options, profile, diagnosis, &forecasts, color);
  return 0;
}

}  // namespace

void add_report_command(CommandSet& commands) {
  auto options = std::make_shared<Options>();
  CLI::App& app = commands.add(
      {.name = "report",
       .summary = "Say what a job waits for and what to change",
       .usage = "",
       .description =
           "Reads a recording and prints the verdict, its evidence and remedies. A recording of\n"
           "a job that still runs can be read, too. The JSON is described by a JSON Schema\n"
           "(docs/report.schema.json); how the verdict is reached: docs/diagnosis.md.",
       .examples = {{"report", "the newest recording below this folder"},
                    {"report runs/a --json -o a.json", "for programs"},
                    {"report --color always | less -R", "page through it in colour"},
                    {"report --kineto trace.json.gz", "a trace of the PyTorch profiler"}}},
      [options] { return report_recording(*options); });
  add_recording_argument(app, options->directory);
  add_option(app, "--loader", options->loader,
             "Which data loader, by number or name (default: the one that is waited for longest)",
             "LOADER");
  CLI::Option* const kineto = add_option(
      app, "--kineto", options->kineto,
      "Report on a Chrome trace of the PyTorch profiler (also .gz, - for a pipe)", "FILE");
  add_option(app, "--megengine-log", options->megengine_log,
             "Report on what MegEngine prints under MGE_DATA_MONITOR=1", "FILE")
      ->excludes(kineto);
  add_option(app, "-o,--output", options->output, "Write to FILE instead of the terminal", "FILE");
  add_output_options(app, *options);
}

}  // namespace datamon::cli
