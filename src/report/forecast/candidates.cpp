#include "report/forecast/candidates.h"

#include <algorithm>
#include <cmath>

#include "report/parallel.h"

namespace datamon::report {
namespace {

using Changes = std::vector<Change>;

// A gain whose interval ends below this is not worth an advice: a hundredth is
// within what the next run differs by anyway.
constexpr double kNoGain = 1.01;
// One of this size may not be called none: docs/accuracy.md takes smaller ones for noise.
constexpr double kGainToSpeakOf = 1.05;

void add(std::vector<Changes>& all, Changes changes) {
  if (!changes.empty() && std::find(all.begin(), all.end(), changes) == all.end())
    all.push_back(std::move(changes));
}

bool takes_time(const JobModel& model, StageClass stage_class) {
  const auto k = static_cast<std::size_t>(stage_class);
  return std::any_of(model.batches.begin(), model.batches.end(), [k](const RecordedBatch& batch) {
    return batch.cpu_s[k] + batch.storage_s[k] + batch.delay_s[k] > 0;
  });
}

const Forecast* find(const std::vector<Forecast>& forecasts, const Changes& changes) {
  const auto at = std::find_if(forecasts.begin(), forecasts.end(), [&](const Forecast& forecast) {
    return forecast.changes == changes;
  });
  return at == forecasts.end() ? nullptr : &*at;
}

// A gain for sure, and one that is known.
bool is_sure(const std::optional<Forecast>& forecast) {
  return forecast && !forecast->at_most && forecast->speedup.low > 1;
}

// Gains come first by their size, also those that are about the most that a change can
// bring; then gains that may be none, then what nobody can put in numbers.
struct Order {
  int group;
  double gain;
  bool operator<(const Order& other) const {
    return group != other.group ? group < other.group : gain > other.gain;
  }
};

Order order_of(const Remedy& remedy) {
  if (!remedy.forecast) return {2, 0};
  const bool gains = remedy.forecast->at_most || is_sure(remedy.forecast);
  return {gains ? 0 : 1, remedy.forecast->speedup.value};
}

// The largest gain that is sure comes before larger ones that depend on how far the
// change goes.
void put_in_order(std::vector<Remedy>& remedies) {
  std::stable_sort(remedies.begin(), remedies.end(),
                   [](const Remedy& a, const Remedy& b) { return order_of(a) < order_of(b); });
  const auto sure = std::find_if(remedies.begin(), remedies.end(),
                                 [](const Remedy& remedy) { return is_sure(remedy.forecast); });
  if (sure != remedies.end()) std::rotate(remedies.begin(), sure, sure + 1);
}

// A change that was held to be unhelpful, but the simulation says otherwise ...
bool may_help(const Unhelpful& unhelpful) {
  return unhelpful.forecast &&
         (is_sure(unhelpful.forecast) || unhelpful.forecast->speedup.value >= kGainToSpeakOf);
}

// ... as a remedy, if it does so for sure.
Remedy as_remedy(const Unhelpful& unhelpful) {
  // Of a faster step the gain itself says how much faster.
  const bool said = unhelpful.simulated_as.front().kind == ChangeKind::kConsumer;
  return {
      .change = unhelpful.change + (said ? "" : " (" + to_text(unhelpful.simulated_as) + ")"),
      .why = unhelpful.if_it_helps.empty() ? "although " + unhelpful.why : unhelpful.if_it_helps,
      .simulated_as = unhelpful.simulated_as,
      .forecast = unhelpful.forecast};
}

bool helps(const Remedy& remedy) {
  return !remedy.forecast || remedy.saves || remedy.forecast->speedup.high >= kNoGain;
}

// The experiment's delay as a change; the sensitivity is what it then finds. It leaves
// epoch boundaries out.
std::optional<Interval> forecast_sensitivity(const Forecaster& forecaster, StageClass stage_class,
                                             double dose) {
  if (!(dose > 0)) return std::nullopt;
  const Change change = stage_class == StageClass::kCompute
                            ? Change{ChangeKind::kConsumer, 1 + dose, ""}
                            : Change{ChangeKind::kFaster, 1 / (1 + dose), to_string(stage_class)};
  const auto forecast = forecaster.forecast({change}, Over::kSteady).forecast;
  if (!forecast || !(forecast->speedup.low > 0)) return std::nullopt;
  const auto of = [dose](double speedup) { return (1 / speedup - 1) / dose; };
  return Interval{of(forecast->speedup.value), of(forecast->speedup.high),
                  of(forecast->speedup.low)};
}

}  // namespace

std::vector<Changes> candidate_changes(const JobModel& model, const Diagnosis& diagnosis) {
  std::vector<Changes> all;
  const double infinity = std::numeric_limits<double>::infinity();
  const int workers = model.setup.workers;
  add(all, {{ChangeKind::kWorkers, workers > 0 ? 2.0 * workers : 1.0, ""}});
  if (workers > 0) {
    add(all, {{ChangeKind::kWorkers, workers + 1.0, ""}});
    add(all, {{ChangeKind::kPrefetch, 2.0 * model.setup.prefetch, ""}});
  }
  for (const StageClass stage_class :
       {StageClass::kRead, StageClass::kDecode, StageClass::kTransform, StageClass::kCollate,
        StageClass::kHandoff}) {
    if (!takes_time(model, stage_class)) continue;
    add(all, {{ChangeKind::kFaster, 2, to_string(stage_class)}});
    add(all, {{ChangeKind::kFaster, infinity, to_string(stage_class)}});
  }
  add(all, {{ChangeKind::kCached, 0, ""}});
  if (model.placement.known) add(all, {{ChangeKind::kPlacement, 0, "cpu"}});
  if (takes_time(model, StageClass::kTransform)) add(all, {{ChangeKind::kPlacement, 0, "hybrid"}});
  if (takes_time(model, StageClass::kDecode)) add(all, {{ChangeKind::kPlacement, 0, "gpu"}});
  add(all, {{ChangeKind::kConsumer, 0.5, ""}});
  add(all, {{ChangeKind::kNoStragglers, 0, ""}});
  if (model.boundaries > 0) add(all, {{ChangeKind::kPersistentWorkers, 0, ""}});
  for (const Remedy& remedy : diagnosis.remedies) add(all, remedy.simulated_as);
  for (const Unhelpful& unhelpful : diagnosis.unhelpful) add(all, unhelpful.simulated_as);
  return all;
}

std::vector<Forecast> forecast_all(const Forecaster& forecaster,
                                   const std::vector<Changes>& changes) {
  std::vector<std::optional<Forecast>> answers(changes.size());
  parallel_for(changes.size(),
               [&](std::size_t i) { answers[i] = forecaster.forecast(changes[i]).forecast; });
  std::vector<Forecast> out;
  for (auto& answer : answers)
    if (answer) out.push_back(std::move(*answer));
  return out;
}

ForecastSection forecast_section(const Profile& profile, const Diagnosis& diagnosis,
                                 const PlacementRates* rates) {
  const Forecaster forecaster(profile, rates);
  ForecastSection out;
  out.why_not = forecaster.why_not();
  if (!out.why_not.empty()) return out;
  const LoaderSetup& setup = forecaster.model().setup;
  out.workers = setup.serves_between_batches ? 0 : setup.workers;
  out.ranks = forecaster.model().ranks;
  out.measured_items_per_s = forecaster.measured_items_per_s();
  out.as_it_is_items_per_s = forecaster.with_boundaries(out.measured_items_per_s);
  out.simulated_over_measured = forecaster.simulated_over_measured();
  out.bounds = forecaster.bounds();
  out.assumptions = forecaster.model().assumptions;
  out.forecasts = forecast_all(forecaster, candidate_changes(forecaster.model(), diagnosis));
  if (rates != nullptr) out.placement = advise_placement(forecaster, *rates, out.forecasts);
  if (!profile.probe) return out;
  for (const ProbedStage& stage : profile.probe->measured.stages)
    if (const auto interval = forecast_sensitivity(forecaster, stage.stage_class, stage.dose))
      out.sensitivities.emplace_back(stage.stage_class, *interval);
  return out;
}

void rank_by_forecast(Diagnosis& diagnosis, const std::vector<Forecast>& forecasts) {
  const auto give = [&](auto& advice) {
    const Forecast* forecast =
        advice.simulated_as.empty() ? nullptr : find(forecasts, advice.simulated_as);
    if (forecast == nullptr) return;
    advice.forecast = *forecast;
    // The change stands for the best that such advice can bring.
    advice.forecast->at_most = advice.forecast->at_most || advice.at_most;
  };
  for (Remedy& remedy : diagnosis.remedies) give(remedy);
  for (Unhelpful& unhelpful : diagnosis.unhelpful) give(unhelpful);
  auto& remedies = diagnosis.remedies;
  const auto advised = [&](const Changes& changes) {
    return std::any_of(remedies.begin(), remedies.end(),
                       [&](const Remedy& remedy) { return remedy.simulated_as == changes; });
  };
  for (const Unhelpful& unhelpful : diagnosis.unhelpful)
    if (is_sure(unhelpful.forecast) && !advised(unhelpful.simulated_as))
      remedies.push_back(as_remedy(unhelpful));
  std::erase_if(diagnosis.unhelpful, may_help);
  put_in_order(remedies);
  if (std::none_of(remedies.begin(), remedies.end(), helps)) return;
  for (const Remedy& remedy : remedies)
    if (!helps(remedy))
      diagnosis.unhelpful.push_back({.change = remedy.change,
                                     .why = "",
                                     .simulated_as = remedy.simulated_as,
                                     .at_most = remedy.at_most,
                                     .forecast = remedy.forecast});
  std::erase_if(remedies, [](const Remedy& remedy) { return !helps(remedy); });
}

}  // namespace datamon::report
