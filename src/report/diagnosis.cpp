#include "report/diagnosis.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/diagnosis_evidence.h"
#include "report/diagnosis_ranks.h"
#include "report/diagnosis_remedies.h"
#include "report/diagnosis_thresholds.h"
#include "report/diagnosis_verdict.h"
#include "report/text_job.h"
#include "report/text_units.h"

namespace datamon::report {
namespace {

StageClass stage_of(const Ruling& ruling, const std::optional<Cost>& cost) {
  if (is_input_bound(ruling.label)) return cost ? stage_class(*cost) : StageClass::kOther;
  return StageClass::kOther;
}

double speedup(const Interval& wait) {
  // A consumer that does nothing but wait has no rate without it; a thousand
  // stands for "not limited by its own work".
  return 1 / (1 - std::min(wait.value, 0.999));
}

std::string next_step(const Profile& profile, const Ruling& ruling) {
  if (ruling.leaning) return "record for longer, then datamon report";
  const bool shows_stages = ruling.ground == Ground::kNoConsumer && !profile.stages.empty();
  if (ruling.label == Label::kInsufficientData && !shows_stages) return "datamon doctor";
  return command_about(profile, "trace", "-o trace.json");
}

std::vector<Fact> facts(const Evidence& e, const Ruling& ruling) {
  std::vector<Fact> out = {{"steady_steps", static_cast<double>(e.step.steps)},
                           {"step_s", e.step.step_s},
                           {"wait_s", e.step.wait_s},
                           {"transfer_share", e.step.transfer.value},
                           {"other_wait_share", e.step.other_share},
                           {"workers", static_cast<double>(e.makers.workers)},
                           {"crowded_share", e.makers.crowded_share},
                           {"moved_to_read_s", e.makers.moved_to_read_s},
                           {"pin_busy_share", e.makers.pin_busy_share},
                           {"straggler_batch_share", e.makers.straggler_share},
                           {"straggler_wait_share", e.makers.straggler_wait_share},
                           {"straggler_work_share", e.makers.straggler_work_share},
                           {"slow_worker_factor", e.makers.slow_worker_factor},
                           {"start_up_share", e.run.start_up_share},
                           {"epoch_boundary_share", e.run.epoch_boundary_share},
                           {"stage_leads_share", ruling.leads},
                           {"stage_margin", ruling.margin}};
  const auto add = [&](const char* name, const std::optional<double>& value) {
    if (value) out.push_back({name, *value});
  };
  if (e.machine.reads_at_once > 0) {
    out.push_back({"reads_at_once", e.machine.reads_at_once});
    out.push_back({"reads_growth", e.machine.reads_growth});
    out.push_back({"reads_active_share", e.machine.reads_active});
  }
  if (e.machine.reads_waiting > 0) out.push_back({"reads_waiting_share", e.machine.reads_waiting});
  if (e.machine.reads_variance_ratio > 0)
    out.push_back({"reads_variance_ratio", e.machine.reads_variance_ratio});
  add("workers_busy_share", e.makers.busy_share);
  add("feeders_busy_share", e.makers.feeder_busy_share);
  add("workers_work_share", e.makers.work_share);
  add("cores_allowed", e.machine.cores_allowed);
  add("cores_idle", e.machine.cores_idle);
  add("cores_others", e.machine.cores_others);
  add("throttled_share", e.machine.throttled_share);
  add("throttled_periods_share", e.machine.throttled_periods);
  if (e.gpu.known) {
    out.push_back({"gpu_busy_share", e.gpu.busy});
    out.push_back({"gpu_idle_data_share", e.gpu.idle_data});
    out.push_back({"gpu_idle_launch_share", e.gpu.idle_host});
    out.push_back({"gpu_idle_copy_share", e.gpu.idle_copy});
    out.push_back({"gpu_idle_other_share", e.gpu.idle_other});
    out.push_back({"gpu_synchronising_share", e.gpu.synchronising});
    out.push_back({"gpu_pageable_copy_share", e.gpu.pageable_share});
    out.push_back({"gpu_overlapped_copy_share", e.gpu.overlapped_share});
    add("gpu_launch_lead_us", e.gpu.lead_us);
  }
  if (e.step.ready_known) {
    out.push_back({"handover_s", e.step.handover_s});
    out.push_back({"handover_late_s", e.step.handover_late_s});
    out.push_back({"out_of_order_share", e.step.out_of_order_share});
  }
  for (std::size_t k = 0; k < kCosts; ++k)
    out.push_back({std::string("cost_s ") + to_string(static_cast<Cost>(k)), ruling.costs[k]});
  return out;
}

Diagnosis diagnose_as_one(const Profile& profile) {
  const Evidence evidence = gather_evidence(profile);
  const Ruling ruling = rule(profile, evidence);
  Diagnosis out;
  Verdict& verdict = out.verdict;
  verdict.label = ruling.label;
  verdict.confidence = ruling.confidence;
  verdict.qualifiers = qualify(evidence, ruling);
  verdict.input_wait_share = evidence.step.wait;
  verdict.speedup_without_wait = speedup(evidence.step.wait);
  verdict.stage = stage_of(ruling, ruling.leader);
  verdict.runner_up = stage_of(ruling, ruling.runner_up);
  if (ruling.label == Label::kComputeBound) verdict.stage = StageClass::kCompute;
  if (ruling.label == Label::kTransferBound) verdict.stage = StageClass::kTransfer;
  verdict.why = explain(profile, evidence, ruling, verdict.qualifiers);
  verdict.doubts = ruling.doubts;
  Advice advice = advise(profile, evidence, ruling, verdict.qualifiers);
  out.remedies = std::move(advice.remedies);
  out.unhelpful = std::move(advice.unhelpful);
  out.next = next_step(profile, ruling);
  out.facts = facts(evidence, ruling);
  return out;
}

// What all ranks wait together, of their steady steps.
double wait_of_all(const ConsumerProfile& consumer) {
  const double steady_s = sane_seconds(consumer.steady_s);
  return steady_s > 0 ? std::min(1.0, sane_seconds(consumer.wait_s) / steady_s) : 0;
}

}  // namespace

Diagnosis diagnose(const Profile& profile) {
  const auto slowest = slowest_consumer(profile);
  if (!slowest) return diagnose_as_one(profile);
  Diagnosis out = diagnose_as_one(of_consumer(profile, *slowest));
  Verdict& verdict = out.verdict;
  verdict.rank = rank_of(profile, *slowest);
  const double all = wait_of_all(profile.consumer);
  const double factor = batch_factor(profile, *slowest);
  verdict.why.insert(
      verdict.why.begin() + 1,
      fmt::format("rank {} holds the others up: all {} ranks take a step in the same time, and "
                  "together wait {} of it{}; what follows is of rank {}",
                  *verdict.rank, profile.job.ranks, percent_text(all),
                  factor >= thresholds::kSlowWorker
                      ? fmt::format("; its workers take {} as long for a batch as the others'",
                                    factor_text(factor))
                      : "",
                  *verdict.rank));
  if (factor >= thresholds::kSlowWorker)
    out.remedies.insert(
        out.remedies.begin(),
        {fmt::format("find out what slows the loader of rank {} down (its share of the files, its "
                     "host)",
                     *verdict.rank),
         fmt::format("its workers take {} as long for a batch as those of the other ranks",
                     factor_text(factor))});
  out.facts.push_back({"slowest_rank", static_cast<double>(*verdict.rank)});
  out.facts.push_back({"slowest_rank_batch_factor", factor});
  out.facts.push_back({"wait_share_of_all_ranks", all});
  return out;
}

}  // namespace datamon::report
