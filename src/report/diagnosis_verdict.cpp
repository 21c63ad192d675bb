#include "report/diagnosis_verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "report/diagnosis_bootstrap.h"
#include "report/diagnosis_thresholds.h"
#include "report/loader_notes.h"
#include "report/text_units.h"

namespace datamon::report {
namespace {

namespace th = thresholds;

// Confidence only ever goes down, each time with a reason.
class Trust {
 public:
  explicit Trust(Ruling& ruling) : ruling_(ruling) { ruling_.confidence = Confidence::kHigh; }
  void at_most(Confidence limit, bool when, std::string why) {
    if (!when) return;
    ruling_.confidence = std::min(ruling_.confidence, limit);
    ruling_.doubts.push_back(std::move(why));
  }

 private:
  Ruling& ruling_;
};

Label label_of(Cost cost) {
  switch (cost) {
    case Cost::kRead:
      return Label::kIoBound;
    case Cost::kDecode:
      return Label::kDecodeBound;
    case Cost::kTransform:
    case Cost::kUnnamed:  // dataset code that is neither reading nor decoding
      return Label::kTransformBound;
    case Cost::kCollate:
      return Label::kCollateBound;
    case Cost::kHandoff:
      return Label::kHandoffBound;
  }
  return Label::kBalanced;
}

Costs sum(const std::vector<Costs>& rows) {
  Costs total{};
  for (const Costs& row : rows)
    for (std::size_t k = 0; k < kCosts; ++k) total[k] += row[k];
  return total;
}

// Batches count as much as the consumer waited for them: with idle workers,
// only those hold it up.
std::vector<Costs> weighted(const std::vector<Costs>& rows, const std::vector<double>& weights) {
  const double all = std::accumulate(weights.begin(), weights.end(), 0.0);
  if (!(all > 0)) return rows;
  std::vector<Costs> out = rows;
  for (std::size_t i = 0; i < out.size(); ++i)
    for (double& cost : out[i]) cost *= weights[i] / all;
  return out;
}

// Ranks what a batch costs its makers. Wall time counts, as a maker works on
// one thing at a time. But once the job itself uses up the cores and its stages
// queue for them, sleeping is free (another worker runs meanwhile) and only time
// on a core holds the loader back. Cores that other programs take do not count:
// without the sleep, the worker would queue for its share of them sooner.
void rank(const Evidence& evidence, Ruling& ruling) {
  const MakerEvidence& makers = evidence.makers;
  ruling.by_cpu =
      evidence.machine.own_cores_full && makers.split_known && makers.crowded_share >= th::kCrowded;
  ruling.costs = ruling.by_cpu ? makers.cpu : makers.wall;
  std::vector<Costs> rows = ruling.by_cpu ? makers.batches_cpu : makers.batches;
  const bool idle = makers.busy_share && *makers.busy_share < th::kWorkersBusy;
  const auto waited = std::count_if(makers.batch_wait_s.begin(), makers.batch_wait_s.end(),
                                    [](double wait) { return wait > 0; });
  ruling.by_wait = !ruling.by_cpu && !makers.on_consumer && idle &&
                   static_cast<std::size_t>(waited) >= th::kMinimumSteps;
  if (ruling.by_wait) {
    rows = weighted(rows, makers.batch_wait_s);
    ruling.costs = sum(rows);
  }
  std::array<std::size_t, kCosts> order;
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return ruling.costs[a] > ruling.costs[b]; });
  if (!(ruling.costs[order[0]] > 0)) return;
  ruling.leader = static_cast<Cost>(order[0]);
  if (ruling.costs[order[1]] > 0) {
    ruling.runner_up = static_cast<Cost>(order[1]);
    ruling.margin = ruling.costs[order[0]] / ruling.costs[order[1]];
  } else {
    ruling.margin = 100;  // nothing else costs anything
  }
  if (!rows.empty())
    ruling.leads = lead_share<kCosts>(
        rows, order[0],
        block_length(rows.size(), static_cast<std::size_t>(std::max(makers.workers, 0))));
}

void doubt_steps(const Evidence& evidence, Trust& trust) {
  const StepEvidence& step = evidence.step;
  trust.at_most(Confidence::kMedium, step.steps < th::kManySteps,
                fmt::format("only {} steady steps were recorded", step.steps));
  const double single = step.single_wait_share.value_or(step.wait.value);
  trust.at_most(Confidence::kMedium,
                (single >= th::kInputBound) != (step.wait.value >= th::kInputBound),
                fmt::format("the run changes: the first and the latest steps wait {} of their time",
                            percent_text(single)));
  trust.at_most(
      Confidence::kMedium, evidence.run.dropped_share > th::kDropped,
      fmt::format("{} of the spans were dropped", percent_text(evidence.run.dropped_share)));
}

void doubt_stage(const Evidence& evidence, const Ruling& ruling, Trust& trust) {
  const MakerEvidence& makers = evidence.makers;
  const double all = std::accumulate(ruling.costs.begin(), ruling.costs.end(), 0.0);
  const double unnamed = ruling.costs[static_cast<std::size_t>(Cost::kUnnamed)];
  if (ruling.runner_up) {
    const std::string close = fmt::format("{} costs nearly as much", to_string(*ruling.runner_up));
    const bool tie = ruling.leads < th::kLeadsMedium || ruling.margin < th::kNoMargin;
    trust.at_most(Confidence::kLow, tie, close);
    trust.at_most(Confidence::kMedium,
                  !tie && (ruling.leads < th::kLeadsHigh || ruling.margin < th::kClearMargin),
                  close);
  }
  trust.at_most(Confidence::kMedium, makers.batches.size() < th::kManyBatches,
                fmt::format("the cost of only {} single batch{} is known", makers.batches.size(),
                            plural(static_cast<double>(makers.batches.size()), "", "es")));
  const bool unnamed_leads = ruling.leader == Cost::kUnnamed;
  trust.at_most(Confidence::kLow, unnamed_leads,
                "most of a batch's time is dataset code in which no stage is marked");
  trust.at_most(Confidence::kMedium, !unnamed_leads && unnamed > th::kUnnamed * all,
                "a good part of a batch's time is dataset code in which no stage is marked");
  const double asleep = asleep_share(evidence, ruling);
  const bool mostly = asleep >= th::kMostlyAsleep;
  trust.at_most(mostly ? Confidence::kLow : Confidence::kMedium, asleep > 0,
                fmt::format("{} of {} sleeps for a reason that no reading shows",
                            mostly ? "most" : "a good part",
                            ruling.leader ? to_string(*ruling.leader) : "it"));
  const bool may_hide_reading = ruling.leader == Cost::kDecode || unnamed_leads;
  trust.at_most(Confidence::kMedium, may_hide_reading && !makers.split_known,
                "no CPU readings tell decoding from reading inside it");
  const double reading = ruling.costs[static_cast<std::size_t>(Cost::kRead)];
  trust.at_most(Confidence::kMedium,
                ruling.leader == Cost::kRead && makers.moved_to_read_s > 0.5 * reading,
                "the reading happens inside other stages, where only blocked time tells it");
}

// A thread that hands batches over is at its limit, or the hand-over takes most
// of the wait: whatever making them costs comes second.
void rule_handoff(Ground ground, Ruling& ruling) {
  ruling.ground = ground;
  ruling.runner_up = ruling.leader == Cost::kHandoff ? ruling.runner_up : ruling.leader;
  ruling.leader = Cost::kHandoff;
  ruling.label = Label::kHandoffBound;
}

// The feeders never rest while the workers do.
bool feeders_limit(const MakerEvidence& makers) {
  return makers.feeder_busy_share && *makers.feeder_busy_share >= th::kWorkersBusy &&
         !makers.takes_turns;
}

void rule_input_bound(const Profile& profile, const Evidence& evidence, Ruling& ruling) {
  const StepEvidence& step = evidence.step;
  const MakerEvidence& makers = evidence.makers;
  Trust trust(ruling);
  doubt_steps(evidence, trust);
  trust.at_most(Confidence::kMedium, step.ids_mismatch,
                "the batch numbers of waits and workers do not match, and are not used");
  trust.at_most(Confidence::kMedium, step.wait.low < th::kClearlyInputBound,
                "the input wait is not far above the threshold");
  trust.at_most(Confidence::kMedium, disturbed(evidence.machine),
                "other programs took cores while this was recorded");
  rank(evidence, ruling);
  trust.at_most(Confidence::kMedium, waits_for_senders(step),
                "a good part of the wait is for workers that hand a batch over late");

  const double wait_s = std::max(0.0, finite_or(profile.consumer.wait_s, 0));
  const double own_handover_s = step.handover_s - step.handover_late_s;
  const bool slow_handover = step.ready_known ? own_handover_s > 0.5 * step.wait_s
                                              : makers.receive_s > 0.5 * wait_s && wait_s > 0;
  if (makers.on_consumer) {
    ruling.ground = Ground::kConsumerLoads;
  } else if (makers.pin_busy_share >= th::kWorkersBusy) {
    return rule_handoff(Ground::kPinThread, ruling);
  } else if (feeders_limit(makers)) {
    return rule_handoff(Ground::kFeeder, ruling);
  } else if (slow_handover) {
    rule_handoff(Ground::kHandoverOnWait, ruling);
    const double leads = step.ready_known ? step.handover_leads : 1;
    trust.at_most(Confidence::kLow, leads < th::kLeadsMedium,
                  "the wait is split evenly between making batches and handing them over");
    trust.at_most(Confidence::kMedium, leads >= th::kLeadsMedium && leads < th::kLeadsHigh,
                  "a good part of the wait is for batches that are not made yet");
    trust.at_most(Confidence::kMedium, !step.ready_known, "hand-off times are not recorded");
    return;
  } else {
    ruling.ground = Ground::kWorkers;
  }
  if (!ruling.leader) {
    ruling.label = Label::kInsufficientData;
    ruling.ground = Ground::kNoStages;
    ruling.confidence = Confidence::kLow;
    return;
  }
  ruling.label = label_of(*ruling.leader);
  doubt_stage(evidence, ruling, trust);
  const bool idle = makers.busy_share && *makers.busy_share < th::kWorkersBusy;
  trust.at_most(Confidence::kMedium, ruling.ground == Ground::kWorkers && idle && !ruling.by_wait,
                "workers idle while the consumer waits, and no single batches tell why");
}

// How much of their time the workers work for this rate, crowding left out: a
// faster consumer would give cores back.
double use_of_workers(const MakerEvidence& makers) {
  return makers.work_share ? *makers.work_share * (1 - makers.run_queue_share) : 0;
}

// Workers begin with as many batches as they make ahead, all at once, while the loop starts:
// it need not wait for those, whatever comes behind them.
void doubt_first_batches(const Evidence& evidence, Trust& trust) {
  const double ahead = evidence.makers.ahead, steps = evidence.step.steps_each;
  const std::string why = fmt::format(
      "{} workers make {:.0f} batches ahead, and those were there for {} of the {} steady steps",
      evidence.makers.workers, ahead, steps < ahead ? "all" : "many", evidence.step.steps);
  trust.at_most(Confidence::kLow, steps < ahead, why);
  trust.at_most(Confidence::kMedium, steps >= ahead && steps < th::kTurnsAhead * ahead, why);
}

void rule_small_wait(const Evidence& evidence, Ruling& ruling) {
  const double use = use_of_workers(evidence.makers);
  Trust trust(ruling);
  doubt_steps(evidence, trust);
  doubt_first_batches(evidence, trust);
  if (use >= th::kNoReserve && !evidence.makers.on_consumer) {
    ruling.label = Label::kBalanced;
    ruling.ground = Ground::kNoReserve;
    trust.at_most(Confidence::kMedium, true, "the reserve of the workers is an estimate");
    return;
  }
  ruling.label = Label::kComputeBound;
  ruling.ground = Ground::kSmallWait;
  trust.at_most(Confidence::kMedium, evidence.step.wait.high >= 0.5 * th::kInputBound,
                "the input wait is not far below the threshold");
  trust.at_most(Confidence::kMedium, disturbed(evidence.machine),
                "other programs took cores while this was recorded");
  trust.at_most(Confidence::kMedium, use >= th::kNoReserve - th::kInputBound,
                "the workers have little reserve");
}

// Where too few steps point to, if they do so clearly.
std::optional<Label> lean(const Profile& profile, const Evidence& evidence) {
  const Interval& wait = evidence.step.wait;
  if (evidence.step.steps < th::kFewestSteps || !(evidence.step.step_s > 0)) return std::nullopt;
  Ruling ruling;
  if (wait.low >= th::kClearlyInputBound) rule_input_bound(profile, evidence, ruling);
  if (wait.high < 0.5 * th::kInputBound) rule_small_wait(evidence, ruling);
  if (ruling.label == Label::kInsufficientData) return std::nullopt;
  return ruling.label;
}

}  // namespace

bool disturbed(const MachineEvidence& machine) {
  return machine.cores_full && machine.cores_others && machine.cores_allowed &&
         *machine.cores_others >= th::kOthersCores * *machine.cores_allowed;
}

bool waits_for_senders(const StepEvidence& step) {
  return step.handover_late_s > th::kSendersLate * step.wait_s;
}

bool interferes(const Evidence& evidence) {
  const MakerEvidence& makers = evidence.makers;
  return disturbed(evidence.machine) &&
         (!makers.split_known || makers.run_queue_share >= th::kCrowded ||
          makers.consumer_run_queue_share >= th::kCrowded);
}

bool slow_worker_leads(const Evidence& evidence) {
  const MakerEvidence& makers = evidence.makers;
  // Where ready times are not known, idle companions alone must do.
  const bool ahead =
      !evidence.step.ready_known || evidence.step.out_of_order_share >= th::kOutOfOrder;
  return makers.slow_worker >= 0 && ahead && makers.busy_share &&
         *makers.busy_share <= 1 - th::kWorkersIdle;
}

double asleep_share(const Evidence& evidence, const Ruling& ruling) {
  // Where cores are what is missing, sleep costs nothing.
  if (!ruling.leader || ruling.by_cpu) return 0;
  const double share = evidence.makers.asleep_share(*ruling.leader);
  return share >= th::kAsleep ? share : 0;
}

bool is_input_bound(Label label) {
  return label == Label::kIoBound || label == Label::kDecodeBound ||
         label == Label::kTransformBound || label == Label::kCollateBound ||
         label == Label::kHandoffBound;
}

const Problem* first_damage(const Profile& profile) {
  if (profile.import) return nullptr;
  const auto damage = std::find_if(profile.problems.begin(), profile.problems.end(),
                                   [](const Problem& problem) { return !is_jobs_own(problem); });
  return damage == profile.problems.end() ? nullptr : &*damage;
}

Ruling rule(const Profile& profile, const Evidence& evidence) {
  Ruling ruling;
  const StepEvidence& step = evidence.step;
  if (!profile.consumer.present) return ruling;
  ruling.ground = Ground::kTooFewSteps;
  if (step.steps < th::kMinimumSteps || !(step.step_s > 0)) {
    ruling.leaning = lean(profile, evidence);
    return ruling;
  }
  if (step.transfer.low >= th::kInputBound && step.transfer.value > step.wait.value) {
    ruling.label = Label::kTransferBound;
    ruling.ground = Ground::kTransfer;
    Trust trust(ruling);
    doubt_steps(evidence, trust);
    trust.at_most(Confidence::kMedium, step.transfer.low < th::kClearlyInputBound,
                  "the time for transfers is not far above the threshold");
    trust.at_most(Confidence::kMedium, step.wait.high > step.transfer.low,
                  "the input wait is nearly as long");
  } else if (step.wait.low >= th::kInputBound) {
    rule_input_bound(profile, evidence, ruling);
  } else if (step.wait.high < th::kInputBound) {
    rule_small_wait(evidence, ruling);
  } else {
    ruling.label = Label::kBalanced;
    ruling.ground = Ground::kStraddles;
    Trust trust(ruling);
    doubt_steps(evidence, trust);
    trust.at_most(Confidence::kMedium, true, "the input wait varies around the threshold");
    trust.at_most(Confidence::kLow, step.wait.high - step.wait.low > th::kInputBound,
                  "the interval of the input wait is wide");
  }
  return ruling;
}

}  // namespace datamon::report
