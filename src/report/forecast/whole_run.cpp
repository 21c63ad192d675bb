#include "report/forecast/whole_run.h"

#include <algorithm>
#include <cmath>

namespace datamon::report {

double first_batch_s(LoaderSetup setup, const Series& series) {
  // However long the job's epochs are: so many are in the simulation.
  constexpr std::size_t kEpochs = 8;
  const std::size_t longest = std::max<std::size_t>(1, series.steps.size() / kEpochs);
  setup.epoch_steps = std::clamp<std::size_t>(setup.epoch_steps, 1, longest);
  setup.restart_s = 0;
  const SimulatedRun run = simulate(setup, series.batches, series.steps);
  double sum_s = 0;
  for (const double wait_s : run.boundary_wait_s) sum_s += wait_s;
  const std::size_t begun = (run.boundary_wait_s.size() - 1) / setup.epoch_steps;
  return begun > 0 ? sum_s / static_cast<double>(begun) : 0;
}

WholeRun whole_run(const JobModel& model, const Scenario& scenario, double first_batch_gain) {
  const double count = static_cast<double>(model.boundaries);
  const double before = model.setup.workers, after = scenario.setup.workers;
  const double growth = before > 0 && after > 0 ? after / before : 1;
  const double first_s = std::max(0.0, model.boundary_s - model.setup.restart_s);
  const double first_after_s = first_batch_gain > 0 ? first_s / first_batch_gain : first_s;
  const auto after_s = [&](double by) {
    return count * (scenario.setup.restart_s * by + first_after_s);
  };
  return {
      model.steady_s,
      count * model.boundary_s,
      {after_s(std::sqrt(growth)), after_s(std::min(1.0, growth)), after_s(std::max(1.0, growth))}};
}

}  // namespace datamon::report
