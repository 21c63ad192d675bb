#include "report/forecast/forecast.h"

#include <algorithm>
#include <cmath>

#include "report/diagnosis_bootstrap.h"
#include "report/text_units.h"

namespace datamon::report {
namespace {

// Steps that are simulated for the value of a forecast: as many as recorded,
// between these. Each worker makes ten batches at least.
constexpr std::size_t kFewestSteps = 400, kMostSteps = 2000, kBatchesAWorker = 10;
// Resamples, and the steps of each: their spread is scaled to the number recorded.
constexpr int kReplicates = 16;
constexpr std::size_t kReplicateSteps = 400;
// Two standard deviations: 95 %.
constexpr double kDeviations = 2;

// Other programs' cores that matter, of those allowed.
constexpr double kOthersMatter = 0.05;

std::size_t ahead(const LoaderSetup& setup) {
  return static_cast<std::size_t>(std::max(1, setup.workers)) *
         static_cast<std::size_t>(std::max(1, setup.prefetch));
}

std::size_t warm_up(const LoaderSetup& setup, std::size_t steps) {
  return std::min(steps / 4, 2 * ahead(setup) + 10);
}

double steady_rate(const LoaderSetup& setup, const Series& series) {
  const SimulatedRun run = simulate(setup, series.batches, series.steps);
  return run.steady_rate(warm_up(setup, series.steps.size()));
}

std::size_t steps_for(const LoaderSetup& setup, std::size_t wanted) {
  return std::clamp(kBatchesAWorker * static_cast<std::size_t>(std::max(1, setup.workers)), wanted,
                    std::max(wanted, 4 * kMostSteps));
}

double deviation(const std::vector<double>& values) {
  double mean = 0, sum = 0;
  for (const double value : values) mean += value / static_cast<double>(values.size());
  for (const double value : values) sum += (value - mean) * (value - mean);
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

Interval around(double value, double half_width_log) {
  return {value, value * std::exp(-half_width_log), value * std::exp(half_width_log)};
}

}  // namespace

Forecaster::Forecaster(const Profile& profile) : model_(model_of(profile)) {
  if (!why_not().empty()) return;
  measured_items_per_s_ = model_.measured_steps_per_s * model_.items_per_step * model_.ranks;
  find_other_threads(profile);
  const Scenario scenario = as_it_is(model_);
  const std::size_t steps =
      steps_for(scenario.setup, std::clamp(model_.batches.size(), kFewestSteps, kMostSteps));
  const Series series = series_of(model_, scenario, in_order(model_.batches.size(), steps),
                                  in_order(model_.steps.size(), steps));
  const double rate = steady_rate(scenario.setup, series);
  if (!(rate > 0) || !std::isfinite(rate)) {
    model_.why_not = "the recorded batches and steps take no time";
    return;
  }
  simulated_over_measured_ = rate / model_.measured_steps_per_s;
  bounds_ = scaled(bounds_of(scenario.setup, series.batches, series.steps), 1, model_.ranks);
}

// Other programs are there as threads that always want a core: as many as make
// the workers wait for cores as long as they did.
void Forecaster::find_other_threads(const Profile& profile) {
  const MachineProfile& machine = profile.machine;
  const double others = machine.cores_used_total - machine.cores_used_job;
  if (!model_.cores_known() || !(others > kOthersMatter * model_.cores_of_host)) return;
  const Scenario scenario = as_it_is(model_);
  const Series series = series_of(model_, scenario, in_order(model_.batches.size(), kFewestSteps),
                                  in_order(model_.steps.size(), kFewestSteps));
  LoaderSetup setup = model_.setup;
  const auto crowded = [&](double threads) {
    setup.other_threads = threads;
    return simulate(setup, series.batches, series.steps).core_wait_share;
  };
  double low = 0, high = 64 * setup.cores;
  if (!(crowded(low) < model_.core_wait_share)) return;
  for (int i = 0; i < 12; ++i) {
    const double middle = (low + high) / 2;
    (crowded(middle) < model_.core_wait_share ? low : high) = middle;
  }
  model_.setup.other_threads = (low + high) / 2;
  model_.assumptions.push_back("other programs go on taking cores as they did");
}

Bounds Forecaster::scaled(const Bounds& bounds, double batch_ratio, int ranks) const {
  const double by = model_.items_per_step * batch_ratio * ranks / simulated_over_measured_;
  return {bounds.workers * by, bounds.cores * by, bounds.storage * by, bounds.hand_off * by,
          bounds.consumer * by};
}

std::optional<Scenario> Forecaster::scenario_of(const std::vector<Change>& changes,
                                                std::string& why_not) const {
  why_not = model_.why_not;
  if (!why_not.empty()) return std::nullopt;
  Scenario scenario = as_it_is(model_);
  for (const Change& change : changes) {
    why_not = apply(change, model_, scenario);
    if (!why_not.empty()) return std::nullopt;
  }
  const auto epoch = static_cast<double>(scenario.setup.epoch_steps);
  scenario.setup.epoch_steps = static_cast<std::size_t>(std::ceil(epoch / scenario.batch_ratio));
  return scenario;
}

Forecaster::Rates Forecaster::rates(const Scenario& scenario, const Positions& batches,
                                    const Positions& steps) const {
  const Scenario before = as_it_is(model_);
  return {steady_rate(before.setup, series_of(model_, before, batches, steps)),
          steady_rate(scenario.setup, series_of(model_, scenario, batches, steps))};
}

// Standard deviations of the logarithms of gain and rate.
double Forecaster::spread_of_gain(const Scenario& scenario, double& spread_of_rate) const {
  const std::size_t batches = model_.batches.size(), steps = model_.steps.size();
  const std::size_t count = steps_for(scenario.setup, kReplicateSteps);
  const auto period = static_cast<std::size_t>(std::max(1, model_.setup.workers));
  std::vector<double> gains, rate;
  for (int i = 0; i < kReplicates; ++i) {
    const auto seed = static_cast<std::uint64_t>(2 * i);
    const Rates one =
        rates(scenario, resampled(batches, count, block_length(batches, period), seed + 101),
              resampled(steps, count, block_length(steps, period), seed + 102));
    gains.push_back(std::log(one.gain()));
    rate.push_back(std::log(one.as_it_is));
  }
  const double by =
      std::sqrt(static_cast<double>(count) / static_cast<double>(std::min(batches, steps)));
  spread_of_rate = deviation(rate) * by;
  return deviation(gains) * by;
}

ForecastAnswer Forecaster::forecast(const std::vector<Change>& changes) const {
  ForecastAnswer answer;
  const auto scenario = scenario_of(changes, answer.why_not);
  if (!scenario) return answer;
  const std::size_t count =
      steps_for(scenario->setup, std::clamp(model_.batches.size(), kFewestSteps, kMostSteps));
  const Positions batches = in_order(model_.batches.size(), count);
  const Positions steps = in_order(model_.steps.size(), count);
  const Rates one = rates(*scenario, batches, steps);
  if (!std::isfinite(one.gain()) || !(one.gain() > 0)) {
    answer.why_not = "after this change nothing that was recorded takes time";
    return answer;
  }
  double spread_of_rate = 0;
  const double spread = spread_of_gain(*scenario, spread_of_rate);
  const double error = std::abs(std::log(simulated_over_measured_));
  double gain = one.gain() * scenario->batch_ratio * scenario->ranks / model_.ranks;
  double measured = measured_items_per_s_;
  if (scenario->whole_run && model_.steady_s > 0) {
    const double boundaries = static_cast<double>(model_.boundaries);
    const double saved_s = model_.setup.restart_s - scenario->setup.restart_s;
    const double before_s = model_.steady_s + boundaries * model_.boundary_s;
    measured *= model_.steady_s / before_s;
    gain = before_s /
           (model_.steady_s / gain + boundaries * std::max(0.0, model_.boundary_s - saved_s));
  }
  Forecast out;
  out.changes = changes;
  out.speedup = around(gain, std::hypot(kDeviations * spread, error));
  out.items_per_s = around(measured * gain,
                           std::hypot(kDeviations * spread, kDeviations * spread_of_rate, error));
  out.at_most = scenario->at_most;
  out.whole_run = scenario->whole_run;
  const Series after = series_of(model_, *scenario, batches, steps);
  const Bounds bounds = bounds_of(scenario->setup, after.batches, after.steps);
  // Far from every bound: the order of batches, and how far ahead they are made.
  out.limit = one.after >= 0.9 * bounds.least() ? bounds.limit() : "order";
  out.assumptions = scenario->assumptions;
  answer.forecast = std::move(out);
  return answer;
}

Bounds Forecaster::bounds_after(const std::vector<Change>& changes) const {
  std::string why_not;
  const auto scenario = scenario_of(changes, why_not);
  if (!scenario) return {};
  const std::size_t count =
      steps_for(scenario->setup, std::clamp(model_.batches.size(), kFewestSteps, kMostSteps));
  const Series series = series_of(model_, *scenario, in_order(model_.batches.size(), count),
                                  in_order(model_.steps.size(), count));
  return scaled(bounds_of(scenario->setup, series.batches, series.steps), scenario->batch_ratio,
                scenario->ranks);
}

}  // namespace datamon::report
