// Evidence from the consumer's steady steps.
#include "report/diagnosis_steps.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "report/diagnosis_bootstrap.h"
#include "report/diagnosis_ranks.h"
#include "report/diagnosis_thresholds.h"
#include "report/text_units.h"

namespace datamon::report {
namespace {

namespace th = thresholds;

struct CleanStep {
  double start_s = 0, wait_s = 0, transfer_s = 0, other_s = 0, whole_s = 0;
  double ready_s = -1;
  std::uint32_t consumer = 0;
};

std::vector<CleanStep> steady_steps(const ConsumerProfile& consumer) {
  std::vector<CleanStep> out;
  for (const Step& step : consumer.step) {
    if (!step.steady) continue;
    CleanStep s;
    s.start_s = finite_or(step.start_s, 0);
    s.wait_s = sane_seconds(step.wait_s);
    s.transfer_s = sane_seconds(step.transfer_s);
    s.other_s = sane_seconds(step.other_wait_s);
    s.whole_s = s.wait_s + s.transfer_s + s.other_s + sane_seconds(step.compute_s);
    s.ready_s = finite_or(step.ready_s, -1);
    s.consumer = step.consumer;
    out.push_back(s);
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const CleanStep& a, const CleanStep& b) { return a.start_s < b.start_s; });
  return out;
}

// Of one step's wait, what passed after the batch had been handed over.
double handover(const CleanStep& step) {
  const double end = step.start_s + step.wait_s;
  return std::clamp(end - std::max(step.start_s, step.ready_s), 0.0, step.wait_s);
}

// Time inside the waits in which a batch that the same consumer took later was ready
// already.
double out_of_order_s(const std::vector<CleanStep>& steps) {
  double sum = 0;
  std::map<std::uint32_t, double> later_ready;  // of each consumer
  for (std::size_t i = steps.size(); i-- > 0;) {
    const CleanStep& step = steps[i];
    if (step.ready_s < 0) continue;
    const double until = std::min(step.start_s + step.wait_s, step.ready_s);
    const auto [later, last] = later_ready.try_emplace(step.consumer, step.ready_s);
    if (last) continue;
    sum += std::max(0.0, until - std::max(step.start_s, later->second));
    later->second = std::min(later->second, step.ready_s);
  }
  return sum;
}

// Share of resamples in which the hand-over is more than half of the wait.
double handover_leads(const std::vector<CleanStep>& steps, std::size_t block) {
  std::vector<std::array<double, 2>> rows;
  for (const CleanStep& step : steps)
    if (step.ready_s >= 0) rows.push_back({handover(step), step.wait_s - handover(step)});
  return rows.empty() ? 0 : lead_share<2>(rows, 0, std::min(block, rows.size()));
}

void add_waits(const std::vector<CleanStep>& steps, std::size_t block, StepEvidence& out) {
  double wait = 0, known_wait = 0, after = 0;
  for (const CleanStep& step : steps) {
    wait += step.wait_s;
    if (step.ready_s < 0) continue;
    known_wait += step.wait_s;
    after += handover(step);
  }
  if (!(wait > 0)) return;
  // Half of the wait is enough to carry over to the rest.
  out.ready_known = known_wait >= 0.5 * wait;
  if (!out.ready_known) return;
  out.handover_s = out.wait_s * after / known_wait;
  out.out_of_order_share = out_of_order_s(steps) / known_wait;
  out.handover_leads = handover_leads(steps, block);
}

// Of a long run only the first and the latest steps are known one by one. How long all of
// them waited is known exactly; the single ones then tell how much that varies.
void fit_to_all_steps(const ConsumerProfile& consumer, StepEvidence& out) {
  const double steady_s = sane_seconds(consumer.steady_s);
  if (consumer.steady_steps <= out.steps || !(steady_s > 0)) return;
  out.single_wait_share = out.wait.value;
  const auto fit = [&](Interval& interval, double sum_s) {
    const double share = std::min(1.0, sane_seconds(sum_s) / steady_s);
    const double by = interval.value > 0 ? share / interval.value : 0;
    interval = {share, std::min(share, interval.low * by),
                std::clamp(interval.high * by, share, 1.0)};
  };
  fit(out.wait, consumer.wait_s);
  fit(out.transfer, consumer.transfer_s);
  out.other_share = std::min(1.0, sane_seconds(consumer.other_wait_s) / steady_s);
  out.step_s = steady_s / static_cast<double>(consumer.steady_steps);
  out.wait_s = out.step_s * out.wait.value;
}

}  // namespace

StepEvidence step_evidence(const Profile& profile) {
  StepEvidence out;
  const std::vector<CleanStep> steps = steady_steps(profile.consumer);
  out.steps = steps.size();
  out.steps_each = static_cast<double>(out.steps) / static_cast<double>(consumers_of(profile));
  out.all_steps =
      static_cast<double>(std::max<std::uint64_t>(out.steps, profile.consumer.steady_steps));
  std::vector<double> wait, transfer, whole;
  for (const CleanStep& step : steps) {
    wait.push_back(step.wait_s);
    transfer.push_back(step.transfer_s);
    whole.push_back(step.whole_s);
    out.step_s += step.whole_s;
    out.wait_s += step.wait_s;
    out.other_share += step.other_s;
  }
  if (steps.empty()) return out;
  out.other_share = out.step_s > 0 ? out.other_share / out.step_s : 0;
  out.step_s /= static_cast<double>(steps.size());
  out.wait_s /= static_cast<double>(steps.size());
  const std::size_t block = block_length(steps.size(), profile.workers.size());
  out.wait = ratio_interval(wait, whole, block);
  out.transfer = ratio_interval(transfer, whole, block);
  fit_to_all_steps(profile.consumer, out);
  add_waits(steps, block, out);
  return out;
}

double wait_share_of_batches(const Profile& profile, const std::vector<double>& waits,
                             const std::vector<std::size_t>& batches) {
  double all = 0, on_them = 0;
  for (const Step& step : profile.consumer.step)
    if (step.steady && step.batch != format::kNoId) all += sane_seconds(step.wait_s);
  for (const std::size_t batch : batches) on_them += waits[batch];
  return all > 0 ? std::min(1.0, on_them / all) : 0;
}

}  // namespace datamon::report
