#include "report/forecast/sweep.h"

#include <algorithm>

#include "report/parallel.h"

namespace datamon::report {
namespace {

constexpr double kEnough = 0.99;

int first_above(const Sweep& sweep, double items_per_s) {
  for (std::size_t i = 0; i < sweep.by_workers.size(); ++i)
    if (sweep.by_workers[i].items_per_s.value >= items_per_s) return static_cast<int>(i) + 1;
  return 0;
}

}  // namespace

Sweep sweep_workers(const Forecaster& forecaster, const std::vector<Change>& changes) {
  Sweep sweep;
  std::vector<ForecastAnswer> answers(kMostSweptWorkers);
  parallel_for(answers.size(), [&](std::size_t i) {
    std::vector<Change> all = changes;
    all.push_back({ChangeKind::kWorkers, static_cast<double>(i + 1), ""});
    answers[i] = forecaster.forecast(all);
  });
  double best = 0;
  for (ForecastAnswer& answer : answers) {
    if (!answer.forecast) {
      sweep.why_not = answer.why_not;
      sweep.by_workers.clear();
      return sweep;
    }
    best = std::max(best, answer.forecast->items_per_s.value);
    sweep.by_workers.push_back(std::move(*answer.forecast));
  }
  std::vector<Change> most = changes;
  most.push_back({ChangeKind::kWorkers, kMostSweptWorkers, ""});
  sweep.consumer_items_per_s = forecaster.with_boundaries(forecaster.bounds_after(most).consumer);
  sweep.enough = first_above(sweep, kEnough * sweep.consumer_items_per_s);
  sweep.feeds_consumer = sweep.enough > 0;
  if (!sweep.feeds_consumer) sweep.enough = first_above(sweep, kEnough * best);
  return sweep;
}

}  // namespace datamon::report
