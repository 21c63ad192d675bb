// Forecasts as text for people.
#pragma once

#include <string>

#include "report/forecast/candidates.h"
#include "report/forecast/sweep.h"
#include "report/reporter.h"

namespace datamon::report {

// "+84 % (+70 to +98 %): 436 -> 802 items/s, then the cores are the limit".
std::string forecast_text(const Forecast& forecast);

// What the forecasts rest on, or why there are none, in a sentence or two.
std::string basis_text(const ForecastSection& section);

// A table of forecasts with their bounds, whole lines.
std::string forecasts_table(const ForecastSection& section, const TextStyle& style);

// The chart of a sweep and what it says, whole lines.
std::string sweep_text(const Sweep& sweep, const TextStyle& style);

}  // namespace datamon::report
