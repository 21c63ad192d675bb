// The report of a recording, as `report` and `probe` print it.
#pragma once

#include <string>

#include "command.h"
#include "report/forecast/candidates.h"
#include "report/recording.h"
#include "terminal.h"

namespace datamon::cli {

struct ReportOptions : OutputOptions {
  std::string output;
  std::string loader;
  std::string rates;  // of placements, a file; "": none
};

// Declares them; `options` must outlive the app.
void add_report_output(CLI::App& app, ReportOptions& options);

void print_report(const ReportOptions& options, const report::Profile& profile,
                  const report::Diagnosis& diagnosis, const report::ForecastSection& forecasts,
                  ColorChoice color);

// The same with everything that a recording has to say. The text begins with the line
// `chosen`, if there is one. Throws RatesError.
void print_report(const ReportOptions& options, const report::Recording& recording,
                  const std::string& chosen, ColorChoice color);

}  // namespace datamon::cli
