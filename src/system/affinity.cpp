#include "system/affinity.h"

#include <sched.h>
#include <unistd.h>

#include <array>

namespace datamon::system {

// The main thread's mask: a worker thread may be pinned to one CPU although the
// job as a whole is not.
std::optional<int> affinity_cores() {
  std::array<cpu_set_t, 8> set{};
  if (::sched_getaffinity(::getpid(), sizeof set, set.data()) != 0) return std::nullopt;
  return CPU_COUNT_S(sizeof set, set.data());
}

}  // namespace datamon::system
