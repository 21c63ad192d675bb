// The parts of the JSON report that only imported files have. Pure.
#pragma once

#include <nlohmann/json.hpp>

#include "report/profile.h"

namespace datamon::report {

nlohmann::ordered_json import_json(const ImportFacts& import);
nlohmann::ordered_json gpu_json(const GpuProfile& gpu);

}  // namespace datamon::report
