// An experiment's delayed windows beside their undelayed neighbours. Pure.
#pragma once

#include <array>
#include <vector>

#include "report/probe/sensitivity.h"

namespace datamon::report {

// What a step's work is made of, whoever is delayed: batches, and the step itself.
inline constexpr std::size_t kWorks = 2;
using Works = std::array<double, kWorks>;

// A window's part in a contrast.
struct WindowShare {
  std::size_t window = 0;
  double weight = 0;
};

struct Contrast {
  std::size_t place = 0;  // of the delayed class, in ProbeHeader::classes
  double dose = 0;        // what was added over the class' own time
  double log_step = 0;    // mean step time over the neighbours', in logarithms
  Works log_work{};       // the same of the work of a step; 0 where it is not known
  // All of these are sums over the delayed window and the undelayed ones before and
  // behind it, which have the weight 0 where they are not known.
  std::array<WindowShare, 3> shares{};
};

struct Contrasts {
  std::vector<Contrast> delayed;  // in the order of their windows
  int windows = 0;                // all with a mean step time, undelayed ones included
};

Contrasts find_contrasts(const ProbeRecord& record, const Unsteady& unsteady);

}  // namespace datamon::report
