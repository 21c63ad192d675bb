// Throughput over the number of workers. Pure.
#pragma once

#include <string>
#include <vector>

#include "report/forecast/forecast.h"

namespace datamon::report {

inline constexpr int kMostSweptWorkers = 64;

struct Sweep {
  std::vector<Forecast> by_workers;  // of 1, 2, ... workers
  double consumer_items_per_s = 0;   // what the consumer would take if it never waited in an epoch
  // The least number of workers that brings 99 % of what the consumer can take,
  // or, if none does, 99 % of the best of all. 0 if there is no forecast.
  int enough = 0;
  bool feeds_consumer = false;  // which of the two
  std::string why_not;
};

// `changes` are made as well.
Sweep sweep_workers(const Forecaster& forecaster, const std::vector<Change>& changes);

}  // namespace datamon::report
