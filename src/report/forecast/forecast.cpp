#include "report/forecast/forecast.h"

#include <algorithm>
#include <cmath>

#include "report/diagnosis_bootstrap.h"
#include "report/diagnosis_thresholds.h"
#include "report/forecast/whole_run.h"
#include "report/text_units.h"

namespace datamon::report {
namespace {

// Steps that are simulated for the value of a forecast: as many as recorded,
// between these. Each worker makes ten batches at least.
constexpr std::size_t kFewestSteps = 400, kMostDrawn = 2000, kBatchesAWorker = 10;
// Resamples, and the steps of each: their spread is scaled to the number recorded.
constexpr int kReplicates = 16;
constexpr std::size_t kReplicateSteps = 400;
// Two standard deviations: 95 %.
constexpr double kDeviations = 2;

// Two runs of one and the same set-up differ by this (docs/forecast.md: 2.4 % in the
// median, which is 6 % in 95 of 100), also where all that was recorded is regular.
constexpr double kRunToRun = 0.06;

// What work costs in the company of added workers that wait for the same cores:
// caches, memory and the scheduler serve more of them, which the simulation does not
// know. Of their time on or waiting for a core, the part that waits, times this, may
// be lost (docs/forecast.md).
constexpr double kCompany = 0.35;

// Other programs' cores that matter, of those allowed.
constexpr double kOthersMatter = 0.05;

std::size_t ahead(const LoaderSetup& setup) {
  return static_cast<std::size_t>(std::max(1, setup.workers)) *
         static_cast<std::size_t>(std::max(1, setup.prefetch));
}

double steady_rate(const LoaderSetup& setup, const SimulatedRun& run) {
  const std::size_t steps = run.end_s.size();
  return run.steady_rate(std::min(steps / 4, 2 * ahead(setup) + 10),
                         std::min(steps / 4, ahead(setup)));
}

double steady_rate(const LoaderSetup& setup, const Series& series) {
  return steady_rate(setup, simulate(setup, series.batches, series.steps));
}

// With as many more at the end as are made ahead: workers that stop, as there is
// nothing left to make, leave cores to the others.
std::size_t steps_for(const LoaderSetup& setup, std::size_t wanted) {
  const std::size_t each = kBatchesAWorker * static_cast<std::size_t>(std::max(1, setup.workers));
  return std::min(std::max(wanted, each) + ahead(setup), 8 * kMostDrawn);
}

double deviation(const std::vector<double>& values) {
  double mean = 0, sum = 0;
  for (const double value : values) mean += value / static_cast<double>(values.size());
  for (const double value : values) sum += (value - mean) * (value - mean);
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

// A longer simulation, and the steady part of one, hold other steps than the bound is of.
void stay_below(double items_per_s, Forecast& forecast) {
  if (!(forecast.items_per_s.value > items_per_s)) return;
  const double by = items_per_s / forecast.items_per_s.value;
  for (Interval* interval : {&forecast.items_per_s, &forecast.speedup}) {
    interval->value *= by;
    interval->low = std::min(interval->low, interval->value);
  }
}

// What holds the loader back. Far from every bound, and with cores to spare, it
// is the order of the batches and how far ahead they are made.
std::string limit_of(const LoaderSetup& setup, const Series& series) {
  constexpr double kNear = 0.9;
  const SimulatedRun run = simulate(setup, series.batches, series.steps);
  const double rate = steady_rate(setup, run);
  const Bounds bounds = bounds_of(setup, series.batches, series.steps);
  if (rate >= kNear * bounds.consumer && bounds.consumer <= bounds.least() / kNear)
    return "consumer";
  if (run.core_wait_share >= thresholds::kCrowded) return "cores";
  return rate >= kNear * bounds.least() ? bounds.limit() : "order";
}

}  // namespace

Forecaster::Forecaster(const Profile& profile, const PlacementRates* rates)
    : model_(model_of(profile, rates)) {
  if (!why_not().empty()) return;
  measured_items_per_s_ = model_.measured_steps_per_s * model_.items_per_step * model_.ranks;
  find_sharing(profile);
  const Scenario scenario = as_it_is(model_);
  const std::size_t steps =
      steps_for(scenario.setup, std::clamp(model_.batches.size(), kFewestSteps, kMostDrawn));
  const Series series = series_of(model_, scenario, in_order(model_.batches.size(), steps),
                                  in_order(model_.steps.size(), steps));
  const LoaderSetup setup = sharings_.front().on(scenario.setup);
  const double rate = steady_rate(setup, series);
  if (!(rate > 0) || !std::isfinite(rate)) {
    model_.why_not = "the recorded batches and steps take no time";
    return;
  }
  simulated_over_measured_ = rate / model_.measured_steps_per_s;
  bounds_ = scaled(bounds_of(setup, series.batches, series.steps), 1, model_.ranks);
  if (model_.boundaries > 0) first_batch_s_ = first_batch_s(setup, series);
}

bool Forecaster::counts_boundaries() const {
  return model_.boundary_share() >= thresholds::kEpochBoundaries;
}

double Forecaster::with_boundaries(double items_per_s) const {
  const double share = counts_boundaries() ? model_.boundary_share() : 0;
  const double boundaries_s = share > 0 ? share / ((1 - share) * measured_items_per_s_) : 0;
  return items_per_s > 0 ? 1 / (1 / items_per_s + boundaries_s) : 0;
}

LoaderSetup Forecaster::Sharing::on(LoaderSetup setup) const {
  setup.other_groups = other_groups;
  setup.other_threads = other_threads;
  return setup;
}

// Other programs made the workers wait for cores as long as they did. Linux
// shares cores out among control groups and autogroups (sessions) first, so that
// a job with more threads hardly gets more from its rivals; within one group each
// thread gets the same. What makes the simulated job as crowded as the recorded one?
void Forecaster::find_sharing(const Profile& profile) {
  const MachineProfile& machine = profile.machine;
  const double others = machine.cores_used_total - machine.cores_used_job;
  if (!model_.cores_known() || !(others > kOthersMatter * model_.cores_of_host)) return;
  const Scenario scenario = as_it_is(model_);
  const Series series = series_of(model_, scenario, in_order(model_.batches.size(), kFewestSteps),
                                  in_order(model_.steps.size(), kFewestSteps));
  const auto less_crowded = [&](const Sharing& sharing) {
    return simulate(sharing.on(model_.setup), series.batches, series.steps).core_wait_share <
           model_.core_wait_share;
  };
  if (!less_crowded({})) return;
  const auto solve = [&](double Sharing::*field, double high) {
    Sharing sharing;
    for (double low = 0, i = 0; i < 24; ++i) {
      sharing.*field = (low + high) / 2;
      (less_crowded(sharing) ? low : high) = sharing.*field;
    }
    return sharing;
  };
  constexpr double kMostThreadsACore = 64;
  sharings_ = {solve(&Sharing::other_groups, kMostThreadsACore),
               solve(&Sharing::other_threads, kMostThreadsACore * model_.setup.cores)};
  model_.assumptions.push_back(
      "other programs go on wanting cores as they did (the interval covers that they share them "
      "by group or by thread)");
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

Forecaster::Rates Forecaster::rates(const Scenario& scenario, const Sharing& sharing,
                                    const Positions& batches, const Positions& steps) const {
  const Scenario before = as_it_is(model_);
  return {steady_rate(sharing.on(before.setup), series_of(model_, before, batches, steps)),
          steady_rate(sharing.on(scenario.setup), series_of(model_, scenario, batches, steps))};
}

// Standard deviations of the logarithms of gain and rate.
double Forecaster::spread_of_gain(const Scenario& scenario, double& spread_of_rate) const {
  const std::size_t batches = model_.batches.size(), steps = model_.steps.size();
  const std::size_t count = steps_for(scenario.setup, kReplicateSteps);
  const auto period = static_cast<std::size_t>(std::max(1, model_.setup.workers));
  std::vector<double> gains, rate;
  for (int i = 0; i < kReplicates; ++i) {
    const auto seed = static_cast<std::uint64_t>(2 * i);
    const Rates one = rates(scenario, sharings_.front(),
                            resampled(batches, count, block_length(batches, period), seed + 101),
                            resampled(steps, count, block_length(steps, period), seed + 102));
    gains.push_back(std::log(one.gain()));
    rate.push_back(std::log(one.as_it_is));
  }
  const double by =
      std::sqrt(static_cast<double>(count) / static_cast<double>(std::min(batches, steps)));
  spread_of_rate = deviation(rate) * by;
  return deviation(gains) * by;
}

// Storage at its limit while it is busy serves no more than it did, plus what it was idle.
double Forecaster::storage_gain(double busy_share, const Scenario& scenario,
                                const Positions& batches, const Positions& steps) const {
  if (!(busy_share > 0)) return kUnlimited;
  double before_s = 0, after_s = 0;
  for (const BatchWork& work : series_of(model_, as_it_is(model_), batches, steps).batches)
    before_s += work.storage_s;
  for (const BatchWork& work : series_of(model_, scenario, batches, steps).batches)
    after_s += work.storage_s;
  const double ranks = static_cast<double>(model_.ranks) / scenario.ranks;
  return after_s > 0 ? before_s / after_s * ranks / busy_share : kUnlimited;
}

double Forecaster::core_wait_share(const Scenario& scenario, const Positions& batches,
                                   const Positions& steps) const {
  const Series series = series_of(model_, scenario, batches, steps);
  return simulate(sharings_.front().on(scenario.setup), series.batches, series.steps)
      .core_wait_share;
}

ForecastAnswer Forecaster::forecast(const std::vector<Change>& changes, Over over) const {
  ForecastAnswer answer;
  const auto scenario = scenario_of(changes, answer.why_not);
  if (!scenario) return answer;
  const std::size_t count =
      steps_for(scenario->setup, std::clamp(model_.batches.size(), kFewestSteps, kMostDrawn));
  const Positions batches = in_order(model_.batches.size(), count);
  const Positions steps = in_order(model_.steps.size(), count);
  double least = kUnlimited, most = 0, value = 0;
  const double most_gain = storage_gain(model_.storage_busy_share, *scenario, batches, steps);
  const double sure_gain = storage_gain(model_.storage_active_share, *scenario, batches, steps);
  for (const Sharing& sharing : sharings_) {
    const double gain = std::min(rates(*scenario, sharing, batches, steps).gain(), most_gain);
    if (!std::isfinite(gain) || !(gain > 0)) {
      answer.why_not = "after this change nothing that was recorded takes time";
      return answer;
    }
    if (value == 0) value = gain;
    least = std::min({least, gain, sure_gain});
    most = std::max(most, gain);
  }
  if (scenario->setup.workers > model_.setup.workers)
    least *= std::exp(-kCompany * core_wait_share(*scenario, batches, steps));
  double spread_of_rate = 0;
  const double spread = spread_of_gain(*scenario, spread_of_rate);
  const double error = std::abs(std::log(simulated_over_measured_));
  const bool of_whole_run =
      model_.steady_s > 0 && (scenario->whole_run || (over == Over::kRun && counts_boundaries()));
  double measured = measured_items_per_s_;
  WholeRun run;
  if (of_whole_run) {
    measured *= 1 - model_.boundary_share();
    const double after_s = first_batch_s(sharings_.front().on(scenario->setup),
                                         series_of(model_, *scenario, batches, steps));
    run = whole_run(model_, *scenario, after_s > 0 ? first_batch_s_ / after_s : kUnlimited);
  }
  const auto in_items = [&](double gain, double Interval::*boundaries_s) {
    gain *= scenario->batch_ratio * scenario->ranks / model_.ranks;
    return of_whole_run ? run.gain(gain, run.boundaries_after_s.*boundaries_s) : gain;
  };
  Forecast out;
  out.changes = changes;
  const auto widened = [&](double from, double log_half_width) {
    return Interval{from * in_items(value, &Interval::value),
                    from * in_items(least, &Interval::high) * std::exp(-log_half_width),
                    from * in_items(most, &Interval::low) * std::exp(log_half_width)};
  };
  out.speedup = widened(1, std::hypot(kDeviations * spread, error, kRunToRun));
  out.items_per_s = widened(
      measured,
      std::hypot(std::hypot(kDeviations * spread, kDeviations * spread_of_rate), error, kRunToRun));
  stay_below(bounds_after(changes).consumer, out);
  out.at_most = scenario->at_most;
  out.whole_run = of_whole_run;
  out.limit =
      limit_of(sharings_.front().on(scenario->setup), series_of(model_, *scenario, batches, steps));
  out.assumptions = scenario->assumptions;
  if (scenario->device) {
    out.device_s = scenario->batch_ratio * scenario->device->compute_s;
    out.added_s =
        scenario->batch_ratio * added_step_s(model_.placement, *scenario->device,
                                             scenario->compute_factor, scenario->setup.workers > 0);
  }
  answer.forecast = std::move(out);
  return answer;
}

Bounds Forecaster::bounds_after(const std::vector<Change>& changes) const {
  std::string why_not;
  const auto scenario = scenario_of(changes, why_not);
  if (!scenario) return {};
  // As many steps as the job as it is was simulated for: a bound that the change does not
  // touch stays what it was.
  const std::size_t count =
      steps_for(model_.setup, std::clamp(model_.batches.size(), kFewestSteps, kMostDrawn));
  const Series series = series_of(model_, *scenario, in_order(model_.batches.size(), count),
                                  in_order(model_.steps.size(), count));
  return scaled(bounds_of(sharings_.front().on(scenario->setup), series.batches, series.steps),
                scenario->batch_ratio, scenario->ranks);
}

}  // namespace datamon::report
