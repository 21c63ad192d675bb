#include "print_report.h"

#include "output_file.h"
#include "recording_argument.h"
#include "report/forecast/worker_qualifier.h"
#include "report/loader_overview.h"
#include "report/profile.h"
#include "report/reporter.h"

namespace datamon::cli {

void add_report_output(CLI::App& app, ReportOptions& options) {
  add_option(app, "--loader", options.loader,
             "Which data loader, by number or name (default: the one that costs the job most)",
             "LOADER");
  add_option(app, "-o,--output", options.output, "Write to FILE instead of the terminal", "FILE");
  add_output_options(app, options);
}

void print_report(const ReportOptions& options, const report::Profile& profile,
                  const report::Diagnosis& diagnosis, const report::ForecastSection& forecasts,
                  ColorChoice color) {
  const report::TextStyle style = output_style(color, options.width, options.output);
  const auto reporter = options.json ? report::json_reporter() : report::text_reporter(style);
  write_output(options.output, reporter->render(profile, diagnosis, &forecasts));
}

void print_report(const ReportOptions& options, const std::filesystem::path& path,
                  ColorChoice color) {
  const auto rates = chosen_rates(options.rates);
  const auto recording = report::Recording::open(path);
  const auto profile =
      report::build_profile(recording, {.loader = chosen_loader(recording, options.loader)});
  report::Diagnosis diagnosis = report::diagnose(profile);
  const report::ForecastSection forecasts =
      report::forecast_section(profile, diagnosis, rates ? &*rates : nullptr);
  report::judge_workers(forecasts, diagnosis);
  report::rank_by_forecast(diagnosis, forecasts.forecasts);
  report::add_loaders(recording, profile, diagnosis);
  print_report(options, profile, diagnosis, forecasts, color);
}

}  // namespace datamon::cli
