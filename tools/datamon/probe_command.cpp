// `datamon probe -- COMMAND`: records a job, and delays its stages to see which one
// limits it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "monitor/options.h"
#include "print_report.h"
#include "probe_watch.h"
#include "record_job.h"

namespace datamon::cli {
namespace {

struct ProbeCommandOptions : RecordOptions, ReportOptions {
  std::string delay = monitor::kProbeDelay.fallback, seconds = monitor::kProbeSeconds.fallback;
};

// Two of three windows have a delay, each of one stage; the stages share what reaches the
// step among them.
void say_cost(const ProbeCommandOptions& options) {
  const double delay = std::stod(options.delay);
  std::cerr << fmt::format(
      "datamon: an experiment: from the first steps on, for at most {} s, one stage after the "
      "other takes {:g} % longer for moments. It makes the steps of that time {:.1f} to {:.0f} % "
      "slower, and the results no different\n",
      options.seconds, delay, delay * 2 / 3 / 8, delay * 2 / 3);
}

int probe(const ProbeCommandOptions& options, const std::vector<std::string>& command) {
  if (command.empty())
    throw CommandError("probe: no command given\ntry: datamon probe -- python train.py", 2);
  const ColorChoice color = color_choice(options.color);
  const std::filesystem::path directory = prepare_directory(options);
  say_cost(options);
  const RecordedJob job = [&] {
    const ProbeWatch watch(directory);
    return record_job(options, directory, command,
                      {{"MON_PROBE", "1"},
                       {"MON_PROBE_DELAY", options.delay},
                       {"MON_PROBE_SECONDS", options.seconds}});
  }();
  say_recorded(job, directory);
  if (job.recorded) print_report(options, report::Recording::open(directory), "", color);
  return job.result.exit_code;
}

}  // namespace

void add_probe_command(CommandSet& commands) {
  auto options = std::make_shared<ProbeCommandOptions>();
  CLI::App& app = commands.add(
      {.name = "probe",
       .summary = "Test by experiment on the running job which stage limits it",
       .usage = "[OPTIONS] -- COMMAND [ARGUMENT...]",
       .description =
           "Runs and records COMMAND once. While it runs, one stage after the other is made a\n"
           "little slower for moments (MON_PROBE=1), and the report says how much of that reached\n"
           "the steps, beside what the forecast expected: a stage of which nothing does is not\n"
           "what limits the job. The job's results are the same; while the experiment lasts its\n"
           "steps are a few per cent slower. It ends by itself when it has found out enough, the\n"
           "job goes on. Standard streams, terminal, signals and the exit code are the job's own;\n"
           "the report follows on standard output (-o FILE keeps the two apart).\n"
           "docs/probe.md says how it measures and what it cannot know.",
       .examples = {{"probe -- python train.py", "record, find out, report"},
                    {"probe --json -o probe.json -- python train.py", "for programs"}}},
      [options, &commands] { return probe(*options, commands.command_line()); });
  app.prefix_command();
  add_option(app, "--probe-delay", options->delay,
             "By how many percent of its own time a stage is delayed (default 20)", "PERCENT")
      ->check(one_number(1.0, 100.0));
  add_option(app, "--probe-seconds", options->seconds,
             "How long the experiment goes on at most (default 120)", "SECONDS")
      ->check(one_number(1.0, 86400.0));
  add_record_options(app, *options);
  add_report_output(app, *options);
}

}  // namespace datamon::cli
