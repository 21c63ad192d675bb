// Where a job should prepare its images: on the CPU by the reference pipeline, in two halves, or on
// the GPU; or that none of these will help, and what the limit is then. From the forecast of each
// placement, which counts what the GPU's part takes from the model.
//
// Pure. Thread-safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/forecast/forecast.h"
#include "report/forecast/placement_rates.h"

namespace datamon::report {

struct PlacementOutlook {
  Placement placement = Placement::kCpu;
  bool measured = false;             // there is a rate; otherwise its forecast is an upper bound
  std::string not_measured;          // why there is none
  std::optional<Forecast> forecast;  // none: it can do nothing here
};

struct PlacementAdvice {
  std::string why_not;              // there is no advice, because ...; "" if there is
  std::optional<Placement> choice;  // none: none helps, or what might is not measured
  bool none_helps = false;
  bool sure = false;  // of a choice: all of its interval is a gain
  // What holds the loader back in the best of them: "storage", "model", "hand-off", "processor".
  std::string limit;
  std::vector<PlacementOutlook> outlooks;  // of all placements, in their order
  std::vector<std::string> assumptions;    // that all of them rest on, a clause each
  // Where the rates come from.
  std::string file, date, version, device, cpu;
};

// `forecaster` has the same rates. `forecasts`: made already; what is missing is made here.
PlacementAdvice advise_placement(const Forecaster& forecaster, const PlacementRates& rates,
                                 const std::vector<Forecast>& forecasts);

}  // namespace datamon::report
