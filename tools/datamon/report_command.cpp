// `datamon report [DIR]`: what the job waits for and what to change.
#include <algorithm>
#include <iostream>
#include <memory>

#include "command.h"
#include "output_file.h"
#include "recording_argument.h"
#include "report/profile.h"
#include "report/reporter.h"
#include "terminal.h"

namespace datamon::cli {
namespace {

struct Options : OutputOptions {
  std::string directory;
  std::string output;
  int loader = -1;
};

std::string loaders_text(const std::vector<int>& loaders) {
  std::string out;
  for (const int loader : loaders) out += (out.empty() ? "" : ", ") + std::to_string(loader);
  return out.empty() ? "none" : out;
}

int report_recording(const Options& options) {
  const ColorChoice color = color_choice(options.color);
  const auto path = chosen_recording(options.directory);
  const auto recording = report::Recording::open(path);
  const auto profile = report::build_profile(recording, {.loader = options.loader});
  const auto& loaders = profile.loaders;
  if (options.loader >= 0 &&
      std::find(loaders.begin(), loaders.end(), options.loader) == loaders.end())
    throw CommandError(path.string() + " has no data loader " + std::to_string(options.loader) +
                           "; --loader takes one of: " + loaders_text(loaders),
                       1);
  report::TextStyle style = output_style(color, options.width);
  if (!options.output.empty() && options.output != "-") {
    style.color = color == ColorChoice::kAlways;
    style.utf8 = true;
  }
  const auto reporter = options.json ? report::json_reporter() : report::text_reporter(style);
  write_output(options.output, reporter->render(profile, report::diagnose(profile)));
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
                    {"report --color always | less -R", "page through it in colour"}}},
      [options] { return report_recording(*options); });
  add_recording_argument(app, options->directory);
  add_option(app, "--loader", options->loader,
             "Which data loader, by number (default: the busiest)", "N");
  add_option(app, "-o,--output", options->output, "Write to FILE instead of the terminal", "FILE");
  add_output_options(app, *options);
}

}  // namespace datamon::cli
