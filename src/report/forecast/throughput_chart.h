// A chart of values over 1, 2, 3, ... in characters. Pure.
#pragma once

#include <string>
#include <vector>

#include "report/reporter.h"

namespace datamon::report {

struct Chart {
  std::vector<double> values;  // none is negative; all finite
  double line = 0;             // drawn across, if within the chart; 0: none
  std::string line_name;
  std::string x_name;
  int marked = 0;  // the value drawn in another colour and named below; 0: none
};

// At most style.width columns; values beyond them are left out.
std::string draw(const Chart& chart, const TextStyle& style);

}  // namespace datamon::report
