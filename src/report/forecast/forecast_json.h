// Forecasts as JSON; docs/report.schema.json is the contract. NaN and infinities
// are written as null.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "report/forecast/candidates.h"
#include "report/forecast/sweep.h"

namespace datamon::report {

// Text from anywhere as valid UTF-8; null where it is empty.
nlohmann::ordered_json text_or_null(const std::string& text);
nlohmann::ordered_json to_json(const Interval& interval);
nlohmann::ordered_json to_json(const Change& change);
// An upper bound has no low end.
nlohmann::ordered_json to_json(const Forecast& forecast);
nlohmann::ordered_json to_json(const std::vector<Forecast>& forecasts);
nlohmann::ordered_json to_json(const Bounds& bounds);
// What all of them rest on.
nlohmann::ordered_json basis_json(const ForecastSection& section);
nlohmann::ordered_json to_json(const Sweep& sweep);

}  // namespace datamon::report
