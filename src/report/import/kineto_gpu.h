// What each device of a trace did and what it waited for.
#pragma once

#include <map>
#include <string>

#include "report/import/kineto_steps.h"

namespace datamon::report {

// No devices when the trace has none. Pure, but for sorting the events' interval sets.
GpuProfile kineto_gpu(KinetoCollector& events, const KinetoSteps& steps,
                      const std::map<std::int64_t, std::string>& device_names);

}  // namespace datamon::report
