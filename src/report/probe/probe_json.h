// An experiment as JSON; docs/report.schema.json is the contract.
#pragma once

#include <nlohmann/json.hpp>

#include "report/diagnosis.h"
#include "report/forecast/candidates.h"

namespace datamon::report {

// `forecasts` may be null.
nlohmann::ordered_json probe_json(const ProbeProfile& probe, const Verdict& verdict,
                                  const ForecastSection* forecasts);

}  // namespace datamon::report
