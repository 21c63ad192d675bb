// Forecasts as text for people.
#pragma once

#include <string>
#include <string_view>

#include "report/forecast/candidates.h"
#include "report/forecast/sweep.h"
#include "report/reporter.h"

namespace datamon::report {

// How far forecasts may be trusted, or why there are none: one short line.
std::string trust_text(const ForecastSection& section);

// What the forecasts rest on, or why there are none, in a sentence or two.
std::string basis_text(const ForecastSection& section);

// What then holds the loader back, of Forecast::limit: "all cores are busy".
std::string bound_text(std::string_view limit);

// A table of forecasts with their bounds, whole lines.
std::string forecasts_table(const ForecastSection& section, const TextStyle& style);

// The chart of a sweep and what it says, whole lines.
std::string sweep_text(const Sweep& sweep, const TextStyle& style);

}  // namespace datamon::report
