// What is known of a loader's batches, images and code, for the JSON report.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "report/data_facts.h"

namespace datamon::report {

// null where something was not noted.
nlohmann::ordered_json to_json(const DataFacts& data);

}  // namespace datamon::report
