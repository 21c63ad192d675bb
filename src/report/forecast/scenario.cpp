// What a change does to a job's model.
#include <algorithm>
#include <cmath>

#include "report/diagnosis_thresholds.h"
#include "report/forecast/job_model.h"
#include "report/forecast/stage_splits.h"

namespace datamon::report {
namespace {

void multiply(WorkFactors& factors, std::size_t k, double factor) {
  factors.storage[k] *= factor;
  factors.delay[k] *= factor;
  factors.cpu[k] *= factor;
}

std::string known_stages(const JobModel& model) {
  std::string out;
  for (const auto& [name, stage] : model.stage_shares) out += (out.empty() ? "" : ", ") + name;
  return out.empty() ? "none" : out;
}

// Of a class of stages, when single ones of it were made faster.
double left_of_class(const JobModel& model, const Scenario& scenario, int stage_class) {
  double left = 1;
  for (const auto& [name, known] : model.stage_shares) {
    if (known.first != stage_class) continue;
    double own = 1;
    for (const auto& [part, part_left] : scenario.part_left)
      if (part == name) own *= part_left;
    left -= known.second * (1 - own);
  }
  return std::max(0.0, left);
}

// A class ("transform"), or one stage, which is a share of its class.
std::string faster(const std::string& stage, double factor, const JobModel& model,
                   Scenario& scenario) {
  const double left = std::isinf(factor) ? 0 : 1 / factor;
  WorkFactors& factors = scenario.factors;
  const bool all_hand_off = stage == to_string(StageClass::kHandoff);
  if (all_hand_off || stage == "pin") {
    scenario.setup.pin_cpu_s *= left;
    scenario.setup.pin_delay_s *= left;
    if (!all_hand_off) return "";
    scenario.setup.feeder_cpu_s *= left;
    scenario.setup.feeder_delay_s *= left;
    scenario.receive_factor *= left;
    if (left == 0) scenario.setup.serves_between_batches = false;
  }
  for (std::size_t k = index_of(StageClass::kFetch); k <= index_of(StageClass::kHandoff); ++k) {
    if (stage != to_string(static_cast<StageClass>(k))) continue;
    multiply(factors, k, left);
    // What other stages wait for storage, in major faults, is reading.
    if (static_cast<StageClass>(k) == StageClass::kRead)
      for (std::size_t other = 0; other < factors.storage.size(); ++other)
        if (other != k) factors.storage[other] *= left;
    return "";
  }
  for (const auto& [name, known] : model.stage_shares) {
    if (name != stage) continue;
    const auto k = static_cast<std::size_t>(known.first);
    const double before = left_of_class(model, scenario, known.first);
    scenario.part_left.emplace_back(stage, left);
    multiply(factors, k, before > 0 ? left_of_class(model, scenario, known.first) / before : 0);
    return "";
  }
  return "no stage '" + stage + "' makes batches here; there is: " + known_stages(model);
}

constexpr const char* kHowToMeasure = "datamon-pipeline DATA --rates FILE measures it";

// Without its rates: an upper bound.
void to_gpu(Placement placement, Scenario& scenario) {
  for (const StageClass stage_class : {StageClass::kTransform, StageClass::kCollate})
    multiply(scenario.factors, index_of(stage_class), 0);
  if (placement == Placement::kGpu) multiply(scenario.factors, index_of(StageClass::kDecode), 0);
  scenario.at_most = true;
  scenario.assumptions.push_back(
      std::string("what the GPU needs for it is not known and not counted (") + kHowToMeasure +
      ")");
}

// The reference pipeline's cost instead of the loader's own; heavy batches stay heavy.
void replace_making(const PlacementCost& cost, const JobModel& model, Scenario& scenario) {
  const double cpu_s = cost.worker_cpu_s * model.batch_items;
  for (std::size_t k = 0; k < kStageClasses; ++k) {
    const auto stage_class = static_cast<StageClass>(k);
    if (!is_replaced(stage_class)) continue;
    scenario.factors.cpu[k] = cpu_s / model.placement.replaced_cpu_s;
    if (stage_class == StageClass::kTransform || stage_class == StageClass::kCollate)
      scenario.factors.delay[k] = 0;
  }
  scenario.device = DeviceWork{cost.device_s * model.batch_items, cost.copy_s * model.batch_items,
                               cost.consumer_cpu_s * model.batch_items};
}

std::string to_placement(const Change& change, const JobModel& model, Scenario& scenario) {
  const auto placement = placement_of(change.stage);
  if (!placement) return "no placement '" + change.stage + "'; there is: cpu, hybrid, gpu";
  const PlacementModel& known = model.placement;
  const auto& cost = known.costs[static_cast<std::size_t>(*placement)];
  if (cost) {
    replace_making(*cost, model, scenario);
    for (const std::string& clause : known.assumptions) scenario.assumptions.push_back(clause);
    return "";
  }
  if (!known.why_not.empty()) return known.why_not;
  if (*placement == Placement::kCpu)
    return std::string("what the reference pipeline needs on the CPU is not known; ") +
           kHowToMeasure + ", and --rates FILE takes it";
  to_gpu(*placement, scenario);
  return "";
}

std::string to_workers(int workers, const JobModel& model, Scenario& scenario) {
  if (model.setup.workers == 0 && workers > 0)
    scenario.assumptions.push_back("handing batches over from workers costs nothing");
  if (workers == 0 && !model.cores_known())
    scenario.assumptions.push_back("the consumer makes batches as fast as a worker");
  scenario.setup.workers = workers;
  return "";
}

void to_ranks(int ranks, const JobModel& model, Scenario& scenario) {
  const double ranks_here = std::max(1.0, static_cast<double>(ranks) / model.hosts);
  if (model.cores_known()) scenario.setup.cores = std::max(model.cores_of_host / ranks_here, 0.01);
  // Each rank gets its part of the storage's limit.
  scenario.setup.storage_concurrency *= static_cast<double>(model.ranks) / ranks;
  scenario.ranks = ranks;
  scenario.assumptions.push_back(
      "ranks run on the same hosts, and their steps take as long as now");
}

}  // namespace

Scenario as_it_is(const JobModel& model) {
  Scenario scenario;
  scenario.setup = model.setup;
  scenario.ranks = model.ranks;
  return scenario;
}

std::string apply(const Change& change, const JobModel& model, Scenario& scenario) {
  const double value = change.value;
  const int whole = static_cast<int>(std::clamp(value, 0.0, 4096.0));
  switch (change.kind) {
    case ChangeKind::kWorkers:
      return to_workers(whole, model, scenario);
    case ChangeKind::kPrefetch:
      if (scenario.setup.workers == 0) return "without workers nothing is prefetched";
      scenario.setup.prefetch = std::max(1, whole);
      return "";
    case ChangeKind::kBatchSize:
      scenario.batch_ratio = std::max(1.0, value) / model.batch_items;
      scenario.assumptions.push_back("the step and all stages take their time for each item");
      return "";
    case ChangeKind::kFaster:
      return faster(change.stage, value, model, scenario);
    case ChangeKind::kCached:
      scenario.factors.storage.fill(0);
      return "";
    case ChangeKind::kPlacement:
      return to_placement(change, model, scenario);
    case ChangeKind::kConsumer:
      scenario.compute_factor *= value;
      return "";
    case ChangeKind::kPersistentWorkers:
      if (model.boundaries == 0) return "no epoch ended within the recording";
      scenario.setup.restart_s = 0;
      scenario.whole_run = true;
      return "";
    case ChangeKind::kNoStragglers:
      scenario.cap_stragglers = true;
      return "";
    case ChangeKind::kRanks:
      to_ranks(std::max(1, whole), model, scenario);
      return "";
  }
  return "";
}

}  // namespace datamon::report
