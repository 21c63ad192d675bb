#include "report/forecast/placement_advice.h"

#include <algorithm>

#include "report/forecast/stage_splits.h"

namespace datamon::report {
namespace {

// A smaller gain is no reason to exchange a loader: it is hardly more than what two runs of one job
// differ by (docs/forecast.md).
constexpr double kWorthIt = 1.05;
// Placements closer than this are alike (two runs differ by as much, in the median), and the one
// that leaves more of the GPU to the model is taken.
constexpr double kAlike = 1.03;

std::vector<Change> change_to(Placement placement) {
  return {{ChangeKind::kPlacement, 0, to_string(placement)}};
}

std::optional<Forecast> forecast_of(Placement placement, const Forecaster& forecaster,
                                    const std::vector<Forecast>& forecasts) {
  const std::vector<Change> changes = change_to(placement);
  const auto made = std::find_if(forecasts.begin(), forecasts.end(),
                                 [&](const Forecast& one) { return one.changes == changes; });
  if (made != forecasts.end()) return *made;
  return forecaster.forecast(changes).forecast;
}

double gain_of(const PlacementOutlook& outlook) {
  return outlook.forecast ? outlook.forecast->speedup.value : 0;
}

// Means of a batch with that placement, its maker's time by what it goes into.
struct MakersTime {
  double reading_s = 0, processor_s = 0, handoff_s = 0;
};

MakersTime makers_time(const JobModel& model, Placement placement) {
  MakersTime out;
  const std::size_t handoff = index_of(StageClass::kHandoff);
  for (const RecordedBatch& batch : model.batches) {
    for (std::size_t k = 0; k < kStageClasses; ++k)
      if (is_replaced(static_cast<StageClass>(k)) && k < index_of(StageClass::kTransform))
        out.reading_s += batch.storage_s[k] + batch.delay_s[k];
    out.handoff_s += batch.storage_s[handoff] + batch.delay_s[handoff] + batch.cpu_s[handoff];
  }
  const auto batches = static_cast<double>(model.batches.size());
  out.reading_s /= batches;
  out.handoff_s /= batches;
  const LoaderSetup& setup = model.setup;
  out.handoff_s += setup.feeder_cpu_s + setup.feeder_delay_s + setup.pin_cpu_s + setup.pin_delay_s;
  if (const auto& cost = model.placement.costs[static_cast<std::size_t>(placement)])
    out.processor_s = cost->worker_cpu_s * model.batch_items;
  return out;
}

// Taking the batches over, rather than the step's own work.
bool consumer_receives(const JobModel& model) {
  double receive_s = 0, own_s = 0;
  for (const StepWork& step : model.steps) {
    receive_s += step.receive_delay_s + step.receive_cpu_s;
    own_s += step.delay_s + step.cpu_s;
  }
  return receive_s > own_s;
}

std::string limit_of(const JobModel& model, const PlacementOutlook& outlook) {
  const std::string& limit = outlook.forecast->limit;
  if (limit == "storage" || limit == "hand-off") return limit;
  if (limit == "cores") return "processor";
  const MakersTime time = makers_time(model, outlook.placement);
  const bool no_workers = model.setup.workers == 0;
  if (limit == "consumer" && !no_workers) return consumer_receives(model) ? "hand-off" : "model";
  double own_s = 0;
  if (no_workers) own_s = model.placement.own_step_s + outlook.forecast->added_s;
  const double most = std::max({time.reading_s, time.processor_s, time.handoff_s, own_s});
  if (own_s > 0 && own_s >= most) return "model";
  if (time.reading_s >= most) return "storage";
  return time.processor_s >= most ? "processor" : "hand-off";
}

void choose(const JobModel& model, PlacementAdvice& advice) {
  const PlacementOutlook* best = nullptr;
  bool may_help = false;  // what nobody measured
  for (const PlacementOutlook& outlook : advice.outlooks) {
    if (!outlook.measured)
      may_help = may_help || gain_of(outlook) >= kWorthIt;
    else if (outlook.forecast && (best == nullptr || gain_of(outlook) > gain_of(*best)))
      best = &outlook;
  }
  if (best == nullptr) return;
  if (gain_of(*best) < kWorthIt) {
    advice.none_helps = !may_help;
    advice.limit = limit_of(model, *best);
    return;
  }
  const double enough = std::max(kWorthIt, gain_of(*best) / kAlike);
  for (const PlacementOutlook& outlook : advice.outlooks) {
    if (!outlook.measured || gain_of(outlook) < enough) continue;
    advice.choice = outlook.placement;
    advice.sure = outlook.forecast->speedup.low > 1;
    advice.limit = limit_of(model, outlook);
    return;
  }
}

}  // namespace

PlacementAdvice advise_placement(const Forecaster& forecaster, const PlacementRates& rates,
                                 const std::vector<Forecast>& forecasts) {
  const PlacementModel& model = forecaster.model().placement;
  PlacementAdvice advice;
  advice.file = rates.file;
  advice.date = rates.date;
  advice.version = rates.version;
  advice.device = rates.device;
  advice.cpu = rates.cpu;
  advice.why_not = forecaster.why_not().empty() ? model.why_not : forecaster.why_not();
  if (!advice.why_not.empty()) return advice;
  advice.assumptions = model.assumptions;
  for (const Placement placement : kPlacements) {
    const auto at = static_cast<std::size_t>(placement);
    advice.outlooks.push_back({.placement = placement,
                               .measured = model.costs[at].has_value(),
                               .not_measured = rates.why_not[at],
                               .forecast = forecast_of(placement, forecaster, forecasts)});
  }
  choose(forecaster.model(), advice);
  if (!advice.choice && !advice.none_helps && advice.limit.empty())
    advice.why_not = "no placement can be forecast for this recording";
  return advice;
}

}  // namespace datamon::report
