// The changes that every report makes a forecast for, and what the diagnosis'
// advice gains from them. Pure.
#pragma once

#include <optional>
#include <vector>

#include "report/diagnosis.h"
#include "report/forecast/forecast.h"
#include "report/forecast/placement_advice.h"

namespace datamon::report {

// What people try, and what the diagnosis advises. Each is a change or several at once.
std::vector<std::vector<Change>> candidate_changes(const JobModel& model,
                                                   const Diagnosis& diagnosis);

// Those that can be forecast, in the same order.
std::vector<Forecast> forecast_all(const Forecaster& forecaster,
                                   const std::vector<std::vector<Change>>& changes);

// What a report shows beside the diagnosis.
struct ForecastSection {
  std::string why_not;  // there are no forecasts, because ...
  int workers = 0;  // of one rank, as it is; 0: none, or more are not known to be served as well
  int ranks = 1;
  double measured_items_per_s = 0;  // steady
  double as_it_is_items_per_s =
      0;  // what the forecasts are over: with epoch boundaries, if they count
  double simulated_over_measured = 1;
  Bounds bounds;
  std::vector<std::string> assumptions;
  std::vector<Forecast> forecasts;
  // What an experiment should have found for the classes that it tried, those that can
  // be forecast.
  std::vector<std::pair<StageClass, Interval>> sensitivities;
  std::optional<PlacementAdvice> placement;  // where rates are known
};

// `rates`: of placements, or null.
ForecastSection forecast_section(const Profile& profile, const Diagnosis& diagnosis,
                                 const PlacementRates* rates = nullptr);

// Gives remedies and unhelpful changes their forecasts. Of the remedies the largest gain
// that is sure comes first, then the others by their gain; one that gains nothing becomes
// a change that does not help, as long as another remedy is left. A change that was held to
// be unhelpful becomes a remedy where its gain is sure, and is left out where it may be one.
void rank_by_forecast(Diagnosis& diagnosis, const std::vector<Forecast>& forecasts);

}  // namespace datamon::report
