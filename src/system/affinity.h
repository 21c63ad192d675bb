// Which CPUs the scheduler may give to this process.
#pragma once

#include <optional>

namespace datamon::system {

// How many CPUs the calling process may run on (sched_getaffinity, up to 8192
// CPUs); nullopt when the kernel does not say.
std::optional<int> affinity_cores();

}  // namespace datamon::system
