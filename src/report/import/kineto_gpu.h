// What each device of a trace did and what it waited for. Pure, but for sorting
// the events' interval sets.
#pragma once

#include <map>
#include <string>

#include "report/import/kineto_steps.h"

namespace datamon::report {

// No devices when the trace has none.
GpuProfile kineto_gpu(KinetoCollector& events, const KinetoSteps& steps,
                      const std::map<std::int64_t, std::string>& device_names);

// Time in which a copy to any device ran while no kernel did and the consumer did
// not wait for data: what the steps waited for copies.
TimeSpans exposed_copies(KinetoCollector& events, const KinetoSteps& steps);

}  // namespace datamon::report
