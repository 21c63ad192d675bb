// `datamon forecast [DIR]`: how fast the job would be after a change.
#include <CLI/CLI.hpp>
#include <cmath>
#include <iostream>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "command.h"
#include "output_file.h"
#include "recording_argument.h"
#include "report/forecast/candidates.h"
#include "report/forecast/forecast_json.h"
#include "report/forecast/forecast_text.h"
#include "report/forecast/placement_output.h"
#include "report/profile.h"
#include "report/reporter.h"
#include "report/text_job.h"
#include "report/text_layout.h"
#include "terminal.h"

namespace datamon::cli {
namespace {

using report::Change;
using report::ChangeKind;

struct ForecastCommandOptions {
  std::string directory, output, color = "auto", placement;
  int width = 0;
  std::string loader, rates;
  int workers = -1, prefetch = 0, batch_size = 0, ranks = 0;
  double consumer = 0;
  std::vector<std::string> faster;
  bool cached = false, persistent_workers = false, no_stragglers = false;
  bool sweep = false, json = false;
};

// "decode=2", "transform/resize=inf"; nullopt if it is none.
std::optional<Change> parse_faster(const std::string& text) {
  const std::size_t at = text.rfind('=');
  if (at == std::string::npos || at == 0) return std::nullopt;
  std::string number = text.substr(at + 1);
  if (number.size() > 1 && number.front() == 'x') number.erase(0, 1);
  char* end = nullptr;
  const double factor = std::strtod(number.c_str(), &end);
  if (number.empty() || *end != '\0' || !(factor > 0)) return std::nullopt;
  return Change{ChangeKind::kFaster, factor, text.substr(0, at)};
}

std::string faster_text(const std::string& text) {
  return parse_faster(text)
             ? ""
             : "must be STAGE=FACTOR, as in decode=2 or read=inf, not '" + text + "'";
}

std::vector<Change> changes_of(const ForecastCommandOptions& options) {
  std::vector<Change> changes;
  const auto add = [&](bool wanted, ChangeKind kind, double value, std::string stage = "") {
    if (wanted) changes.push_back({kind, value, std::move(stage)});
  };
  add(options.workers >= 0, ChangeKind::kWorkers, options.workers);
  add(options.prefetch > 0, ChangeKind::kPrefetch, options.prefetch);
  add(options.batch_size > 0, ChangeKind::kBatchSize, options.batch_size);
  for (const std::string& text : options.faster)
    if (const auto change = parse_faster(text)) changes.push_back(*change);
  add(options.cached, ChangeKind::kCached, 0);
  add(!options.placement.empty(), ChangeKind::kPlacement, 0, options.placement);
  add(options.consumer > 0, ChangeKind::kConsumer, options.consumer);
  add(options.persistent_workers, ChangeKind::kPersistentWorkers, 0);
  add(options.no_stragglers, ChangeKind::kNoStragglers, 0);
  add(options.ranks > 0, ChangeKind::kRanks, options.ranks);
  return changes;
}

report::ForecastSection section_of(const report::Forecaster& forecaster,
                                   const report::Profile& profile,
                                   const report::PlacementRates* rates,
                                   const std::vector<Change>& changes) {
  if (changes.empty()) return report::forecast_section(profile, report::diagnose(profile), rates);
  report::ForecastSection section;
  section.why_not = forecaster.why_not();
  section.measured_items_per_s = forecaster.measured_items_per_s();
  section.simulated_over_measured = forecaster.simulated_over_measured();
  section.bounds = forecaster.bounds();
  section.assumptions = forecaster.model().assumptions;
  if (!section.why_not.empty()) return section;
  const report::ForecastAnswer answer = forecaster.forecast(changes);
  if (!answer.forecast) throw CommandError(answer.why_not, 1);
  section.forecasts.push_back(*answer.forecast);
  return section;
}

std::string json_text(const report::ForecastSection& section, const report::Sweep* sweep) {
  nlohmann::ordered_json out = {{"schema_version", 1},
                                {"forecasts", report::to_json(section.forecasts)},
                                {"forecast_basis", report::basis_json(section)}};
  if (section.placement) out["placement"] = report::to_json(*section.placement);
  if (sweep != nullptr) out["sweep"] = report::to_json(*sweep);
  return out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string next_step(const ForecastCommandOptions& options, const report::Profile& profile,
                      bool any) {
  if (!any) return report::command_about(profile, "report");  // it has more to say on why
  if (options.sweep) return report::command_about(profile, "forecast", "--workers N");
  if (changes_of(options).empty()) return report::command_about(profile, "forecast", "--sweep");
  return "make the change, record again, datamon report";
}

// Which recording of which job this is about.
std::string title(const ChosenRecording& chosen, const report::Profile& profile,
                  const report::TextStyle& style) {
  std::string line = recording_line(chosen);
  if (!profile.job.command.empty()) line += " · " + report::job_in_short(profile.job);
  line = report::cut(line, static_cast<std::size_t>(style.width));
  return report::painted(style.utf8 ? line : report::to_ascii(line), report::Paint::kBold,
                         style.color) +
         "\n\n";
}

int forecast_recording(const ForecastCommandOptions& options) {
  const ColorChoice color = color_choice(options.color);
  const auto rates = chosen_rates(options.rates);
  const ChosenRecording chosen = chosen_recording(options.directory, "forecast");
  const auto recording = open_recording(chosen.path);
  const auto profile =
      report::build_profile(recording, {.loader = chosen_loader(recording, options.loader)});
  report::TextStyle style = output_style(color, options.width, options.output);
  style.width = std::clamp(style.width, 60, 200);
  const report::Forecaster forecaster(profile, rates ? &*rates : nullptr);
  const std::vector<Change> changes = changes_of(options);
  std::optional<report::Sweep> sweep;
  if (options.sweep) sweep = report::sweep_workers(forecaster, changes);
  report::ForecastSection section;
  if (!options.sweep || options.json)
    section = section_of(forecaster, profile, rates ? &*rates : nullptr, changes);
  std::string out;
  if (options.json) {
    out = json_text(section, sweep ? &*sweep : nullptr);
  } else {
    const bool any = (sweep ? sweep->why_not : section.why_not).empty();
    out = title(chosen, profile, style) +
          (sweep ? report::sweep_text(*sweep, style) : report::forecasts_table(section, style)) +
          "\n  next: " + next_step(options, profile, any) + "\n";
  }
  write_output(options.output, out);
  return 0;
}

void add_changes(CLI::App& app, ForecastCommandOptions& options) {
  with_environment(app.add_option("--workers", options.workers,
                                  "So many workers (of each rank); 0: none, the consumer loads"))
      ->type_name("N")
      ->check(one_whole_number(0, 4096));
  with_environment(
      app.add_option("--prefetch", options.prefetch, "So many batches ahead, of each worker"))
      ->type_name("N")
      ->check(one_whole_number(1, 4096));
  with_environment(app.add_option("--batch-size", options.batch_size, "Batches of so many items"))
      ->type_name("N")
      ->check(one_whole_number(1, 1'000'000));
  with_environment(app.add_option("--faster", options.faster,
                                  "A stage that takes 1/FACTOR of its time; inf: it is gone; may "
                                  "be given more than once"))
      ->type_name("STAGE=FACTOR")
      ->check(faster_text);
  with_environment(app.add_flag("--cached", options.cached,
                                "All data in memory: reading costs only its CPU time"));
  with_environment(app.add_option("--placement", options.placement,
                                  "The reference pipeline instead of the loader: all on the CPU "
                                  "(cpu; takes --rates), all but decoding on the GPU (hybrid), or "
                                  "decoding too (gpu); without --rates an upper bound"))
      ->type_name("{cpu,hybrid,gpu}")
      ->check(CLI::IsMember({"cpu", "hybrid", "gpu"}));
  with_environment(app.add_option("--consumer", options.consumer,
                                  "A step that takes FACTOR of its time: 0.5 is a model twice as "
                                  "fast"))
      ->type_name("FACTOR")
      ->check(one_number(1e-6, 1e6));
  with_environment(app.add_flag("--persistent-workers", options.persistent_workers,
                                "Workers that live on from epoch to epoch"));
  with_environment(app.add_flag("--no-stragglers", options.no_stragglers,
                                "No batch that costs more than twice the median"));
  with_environment(app.add_option("--ranks", options.ranks, "So many ranks on the same hosts"))
      ->type_name("N")
      ->check(one_whole_number(1, 65536));
}

}  // namespace

void add_forecast_command(CommandSet& commands) {
  auto options = std::make_shared<ForecastCommandOptions>();
  CLI::App& app = commands.add(
      {.name = "forecast",
       .summary = "Say how fast a recorded job would be after a change",
       .usage = "",
       .description =
           "Simulates the data loader from the times that were recorded, as it is and with the\n"
           "changes that the options name, all of them at once. Without any it goes through what\n"
           "people usually try. Every answer is an interval; what is assumed and what cannot be\n"
           "known: docs/forecast.md.",
       .examples = {{"forecast", "the usual changes, for the newest recording"},
                    {"forecast --workers 8 --prefetch 4", "two changes at once"},
                    {"forecast runs/a --faster decode=2 --json", "for programs"},
                    {"forecast --sweep", "throughput over 1 to 64 workers"},
                    {"forecast --rates rates.json", "and where to prepare images"}}},
      [options] { return forecast_recording(*options); });
  add_recording_argument(app, options->directory);
  add_changes(app, *options);
  add_rates_option(app, options->rates);
  with_environment(app.add_flag("--sweep", options->sweep,
                                "Draw the throughput over 1 to 64 workers, and name the least "
                                "number that is enough"));
  with_environment(app.add_flag("--json", options->json, "Print JSON for programs"));
  with_environment(app.add_option("--loader", options->loader,
                                  "Which data loader, by number or name (default: the one that "
                                  "costs the job most)"))
      ->type_name("LOADER");
  with_environment(
      app.add_option("-o,--output", options->output, "Write to FILE instead of the terminal"))
      ->type_name("FILE");
  with_environment(app.add_option("--color", options->color,
                                  "When to use colours (default: auto, on a terminal)"))
      ->type_name("{auto,always,never}");
  with_environment(
      app.add_option("--width", options->width, "Columns of the text (default: the terminal's)"))
      ->type_name("N");
}

}  // namespace datamon::cli
