// A measured or forecast value with its 95 % interval.
#pragma once

namespace datamon::report {

struct Interval {
  double value = 0, low = 0, high = 0;
};

}  // namespace datamon::report
