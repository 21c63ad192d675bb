#include "print_report.h"

#include "output_file.h"
#include "recording_argument.h"
#include "report/forecast/worker_qualifier.h"
#include "report/loader_overview.h"
#include "report/profile.h"
#include "report/reporter.h"
#include "report/text_layout.h"

namespace datamon::cli {

namespace {

void write_report(const ReportOptions& options, const report::Profile& profile,
                  const report::Diagnosis& diagnosis, const report::ForecastSection& forecasts,
                  const std::string& chosen, ColorChoice color) {
  if (options.json)
    return write_output(options.output,
                        report::json_reporter()->render(profile, diagnosis, &forecasts));
  const report::TextStyle style = output_style(color, options.width, options.output);
  std::string first;
  if (!chosen.empty())
    first = report::painted(style.utf8 ? chosen : report::to_ascii(chosen), report::Paint::kDim,
                            style.color) +
            "\n";
  write_output(options.output,
               first + report::text_reporter(style)->render(profile, diagnosis, &forecasts));
}

}  // namespace

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
  write_report(options, profile, diagnosis, forecasts, "", color);
}

void print_report(const ReportOptions& options, const report::Recording& recording,
                  const std::string& chosen, ColorChoice color) {
  const auto rates = chosen_rates(options.rates);
  const auto profile =
      report::build_profile(recording, {.loader = chosen_loader(recording, options.loader)});
  report::Diagnosis diagnosis = report::diagnose(profile);
  const report::ForecastSection forecasts =
      report::forecast_section(profile, diagnosis, rates ? &*rates : nullptr);
  report::judge_workers(forecasts, diagnosis);
  report::rank_by_forecast(diagnosis, forecasts.forecasts);
  report::add_loaders(recording, profile, diagnosis);
  write_report(options, profile, diagnosis, forecasts, chosen, color);
}

}  // namespace datamon::cli
