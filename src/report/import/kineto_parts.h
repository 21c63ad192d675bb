// How the work of a loader without workers splits, inside the consumer's waits. Pure.
#pragma once

#include <array>
#include <vector>

#include "report/import/kineto_steps.h"

namespace datamon::report {

// Of one wait: exclusive seconds by class; what no part covers is kFetch.
struct WaitParts {
  std::array<double, kStageClasses> self_s{};
};

struct SplitWaits {
  std::vector<WaitParts> waits;                              // one for each wait of `steps`
  std::array<std::vector<double>, kStageClasses> lengths_s;  // inclusive, of each steady part
  std::array<double, kStageClasses> self_s{};                // sums over `waits`
  bool any = false;                                          // a part of a known class was found
  bool clear = false;  // ... and known classes hold more than any unknown code
};

SplitWaits split_waits(const KinetoCollector& events, const KinetoSteps& steps);

}  // namespace datamon::report
