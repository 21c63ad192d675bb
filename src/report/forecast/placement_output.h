// The placement advice for people and for programs (docs/report.schema.json is the contract).
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "report/forecast/placement_advice.h"
#include "report/reporter.h"

namespace datamon::report {

// What the GPU's part of a batch does to the step; "" where it has none.
std::string device_text(const Forecast& forecast);

// The advice in a sentence, a line for each placement, what they rest on; whole lines.
std::string placement_text(const PlacementAdvice& advice, const TextStyle& style);

nlohmann::ordered_json to_json(const PlacementAdvice& advice);

}  // namespace datamon::report
