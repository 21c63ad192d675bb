#include "report/diagnosis_ranks.h"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <set>
#include <utility>
#include <vector>

#include "report/diagnosis_bootstrap.h"
#include "report/diagnosis_evidence.h"
#include "report/diagnosis_thresholds.h"
#include "report/median.h"

namespace datamon::report {
namespace {

namespace th = thresholds;

// Steady steps that are known one by one.
struct Steps {
  std::vector<double> wait, whole;

  void add(const Step& step) {
    wait.push_back(sane_seconds(step.wait_s));
    whole.push_back(sane_seconds(step.wait_s) + sane_seconds(step.transfer_s) +
                    sane_seconds(step.other_wait_s) + sane_seconds(step.compute_s));
  }
  double mean_s() const {
    return std::accumulate(whole.begin(), whole.end(), 0.0) / static_cast<double>(whole.size());
  }
  Interval share(std::size_t workers) const {
    return ratio_interval(wait, whole, block_length(wait.size(), workers));
  }
};

std::map<std::uint32_t, Steps> steps_of_each(const Profile& profile) {
  std::map<std::uint32_t, Steps> out;
  for (const Step& step : profile.consumer.step)
    if (step.steady) out[step.consumer].add(step);
  return out;
}

// Each takes as many steps in the same time.
bool go_in_step(const std::map<std::uint32_t, Steps>& each) {
  double least_s = 0, most_s = 0;
  for (const auto& [consumer, steps] : each) {
    if (steps.whole.size() < th::kMinimumSteps) return false;
    const double mean_s = steps.mean_s();
    least_s = least_s > 0 ? std::min(least_s, mean_s) : mean_s;
    most_s = std::max(most_s, mean_s);
  }
  return least_s > 0 && most_s < th::kNoMargin * least_s;
}

using ClassSums = std::array<double, kStageClasses>;

ClassSums sums_of(const std::vector<WorkerProfile>& workers) {
  ClassSums sums{};
  for (const WorkerProfile& worker : workers)
    for (std::size_t k = 0; k < worker.self_s.size() && k < sums.size(); ++k)
      sums[k] += sane_seconds(worker.self_s[k]);
  return sums;
}

// By at most 1.
std::uint64_t part_of(std::uint64_t count, double by) {
  return by >= 1 ? count : static_cast<std::uint64_t>(static_cast<double>(count) * by);
}

void scale(StageProfile& stage, double by) {
  for (double* part : {&stage.wall_s, &stage.self_s, &stage.split.cpu_s, &stage.split.runqueue_s,
                       &stage.split.blocked_s, &stage.split.fault_s})
    *part *= by;
  stage.count = part_of(stage.count, by);
  stage.bytes = part_of(stage.bytes, by);
  stage.p50_ms = stage.p99_ms = stage.max_ms = 0;
}

struct StepSums {
  double steps = 0, wait_s = 0, transfer_s = 0, other_wait_s = 0, compute_s = 0;

  explicit StepSums(const std::vector<Step>& all) {
    for (const Step& step : all) {
      if (!step.steady) continue;
      steps += 1;
      wait_s += sane_seconds(step.wait_s);
      transfer_s += sane_seconds(step.transfer_s);
      other_wait_s += sane_seconds(step.other_wait_s);
      compute_s += sane_seconds(step.compute_s);
    }
  }
  double whole_s() const { return wait_s + transfer_s + other_wait_s + compute_s; }
};

// The sums of all steps of the one consumer, also of those that are not known one by one,
// are as those that are. Returns its share of the time of all consumers.
double fit_sums(const ConsumerProfile& all, ConsumerProfile& one) {
  const StepSums of_all(all.step), own(one.step);
  if (!(own.whole_s() > 0)) return 1;
  const double share = own.whole_s() / of_all.whole_s();
  one.steps = part_of(all.steps, own.steps / of_all.steps);
  one.steady_steps = part_of(all.steady_steps, own.steps / of_all.steps);
  one.steady_s = sane_seconds(all.steady_s) * share;
  const double by = one.steady_s / own.whole_s();
  one.wait_s = own.wait_s * by;
  one.transfer_s = own.transfer_s * by;
  one.other_wait_s = own.other_wait_s * by;
  one.compute_s = own.compute_s * by;
  return share;
}

}  // namespace

std::size_t consumers_of(const Profile& profile) {
  std::set<std::uint32_t> seen;
  for (const Step& step : profile.consumer.step) seen.insert(step.consumer);
  return std::max<std::size_t>(1, seen.size());
}

int workers_each(const Profile& profile) {
  std::map<std::uint32_t, int> seen;
  int most = 0;
  for (const WorkerProfile& worker : profile.workers)
    most = std::max(most, ++seen[worker.consumer]);
  return most;
}

double batch_factor(const Profile& profile, std::uint32_t consumer) {
  std::vector<double> own, others;
  for (const WorkerProfile& worker : profile.workers)
    if (const double ms = sane_seconds(worker.batch_p50_ms); ms > 0)
      (worker.consumer == consumer ? own : others).push_back(ms);
  return own.empty() || others.empty() ? 0 : median(std::move(own)) / median(std::move(others));
}

std::uint32_t rank_of(const Profile& profile, std::uint32_t consumer) {
  const auto at =
      std::find_if(profile.workers.begin(), profile.workers.end(),
                   [&](const WorkerProfile& worker) { return worker.consumer == consumer; });
  return at == profile.workers.end() ? consumer : at->rank;
}

std::optional<std::uint32_t> slowest_consumer(const Profile& profile) {
  if (profile.job.ranks < 2) return std::nullopt;
  const auto each = steps_of_each(profile);
  if (each.size() < 2 || !go_in_step(each)) return std::nullopt;
  const auto workers = static_cast<std::size_t>(workers_each(profile));
  Steps all;
  std::uint32_t slowest = 0;
  Interval longest;
  for (const auto& [consumer, steps] : each) {
    all.wait.insert(all.wait.end(), steps.wait.begin(), steps.wait.end());
    all.whole.insert(all.whole.end(), steps.whole.begin(), steps.whole.end());
    const Interval share = steps.share(workers);
    if (share.value <= longest.value) continue;
    longest = share;
    slowest = consumer;
  }
  if (longest.low < th::kInputBound || longest.low <= all.share(workers).high) return std::nullopt;
  return slowest;
}

Profile of_consumer(const Profile& profile, std::uint32_t consumer) {
  Profile out = profile;
  std::erase_if(out.consumer.step, [&](const Step& step) { return step.consumer != consumer; });
  std::erase_if(out.batches, [&](const BatchSample& batch) { return batch.consumer != consumer; });
  std::erase_if(out.workers,
                [&](const WorkerProfile& worker) { return worker.consumer != consumer; });
  const double share = fit_sums(profile.consumer, out.consumer);
  const ClassSums of_it = sums_of(out.workers), of_all = sums_of(profile.workers);
  for (StageProfile& stage : out.stages) {
    const auto k = static_cast<std::size_t>(stage.stage_class);
    const bool known = !stage.on_consumer && k < of_all.size() && of_all[k] > 0;
    scale(stage, known ? of_it[k] / of_all[k] : share);
  }
  return out;
}

}  // namespace datamon::report
