#include "report/probe/judgement.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/diagnosis_verdict.h"
#include "report/probe/sensitivity.h"
#include "report/text_units.h"

namespace datamon::report {
namespace {

// Two stages this close are the same for every purpose: as in benchmarks/accuracy/truth.py.
constexpr double kTie = 0.1;
// A stage that passes on less of a slow-down than this does not limit the job; the same
// tenth at which a wait makes a job input-bound (diagnosis_thresholds.h).
constexpr double kMatters = 0.1;

const ProbedStage* find(const ProbeProfile& probe, StageClass stage_class) {
  for (const ProbedStage& stage : probe.measured.stages)
    if (stage.stage_class == stage_class && stage.known) return &stage;
  return nullptr;
}

std::string share_text(const ProbedStage& stage) {
  return fmt::format("{} of a slow-down of {} reaches the step ({} to {})",
                     percent_text(stage.sensitivity.value), to_string(stage.stage_class),
                     percent_text(stage.sensitivity.low), percent_text(stage.sensitivity.high));
}

// How much more the other one matters, and by how much that may be off at 99 %: there are
// several others, and one of them is always the largest. Classes err alike where their
// windows are compared with the same undelayed ones, so that their difference is a little
// less uncertain than this.
struct Lead {
  double value, uncertainty;
};
Lead lead_of(const ProbedStage& other, const ProbedStage& stage, double degrees) {
  return {other.sensitivity.value - stage.sensitivity.value,
          student_t(kNormal995, degrees) * std::hypot(other.standard_error, stage.standard_error)};
}

ProbeJudgement judge_stage(const ProbeProfile& probe, StageClass stage_class) {
  const ProbedStage* stage = find(probe, stage_class);
  if (stage == nullptr)
    return {ProbeAnswer::kUndecided,
            fmt::format("no delay of {} was tried often enough", to_string(stage_class))};
  const ProbedStage* rival = nullptr;
  bool all_behind = true;
  for (const ProbedStage& other : probe.measured.stages) {
    if (!other.known || &other == stage) continue;
    const Lead lead = lead_of(other, *stage, probe.measured.degrees_of_freedom);
    all_behind = all_behind && lead.value + lead.uncertainty <= kTie;
    // No verdict ever names a fetch: what it holds is of some other stage.
    const bool ahead = lead.value > kTie && lead.value - lead.uncertainty > 0 &&
                       other.stage_class != StageClass::kFetch;
    if (ahead && (rival == nullptr || other.sensitivity.value > rival->sensitivity.value))
      rival = &other;
  }
  if (rival != nullptr)
    return {ProbeAnswer::kContradicted,
            fmt::format("{}, but {}", share_text(*rival), share_text(*stage))};
  if (stage->sensitivity.high < kMatters)
    return {ProbeAnswer::kContradicted, fmt::format("only {}", share_text(*stage))};
  if (stage->sensitivity.low > 0 && stage->sensitivity.value >= kMatters && all_behind)
    return {ProbeAnswer::kConfirmed, fmt::format("{}, of no other stage more", share_text(*stage))};
  return {ProbeAnswer::kUndecided,
          fmt::format("{}: too wide beside the others'", share_text(*stage))};
}

ProbeJudgement judge_compute(const ProbeProfile& probe) {
  const ProbedStage* rival = nullptr;
  bool all_idle = true;
  for (const ProbedStage& stage : probe.measured.stages) {
    if (!stage.known || !makes_batches(stage.stage_class)) continue;
    all_idle = all_idle && stage.sensitivity.high < 2 * kMatters;
    if (stage.sensitivity.low > 2 * kMatters &&
        (rival == nullptr || stage.sensitivity.value > rival->sensitivity.value))
      rival = &stage;
  }
  if (rival != nullptr) return {ProbeAnswer::kContradicted, share_text(*rival)};
  const ProbedStage* compute = find(probe, StageClass::kCompute);
  if (all_idle && compute != nullptr && compute->sensitivity.low > 0)
    return {
        ProbeAnswer::kConfirmed,
        fmt::format("{}, and next to nothing of any stage of the loader", share_text(*compute))};
  return {ProbeAnswer::kUndecided, "the intervals are too wide"};
}

// Both sides limit the step at once: a delay of either reaches it.
ProbeJudgement judge_balance(const ProbeProfile& probe) {
  const ProbedStage* compute = find(probe, StageClass::kCompute);
  for (const ProbedStage& stage : probe.measured.stages)
    if (compute != nullptr && compute->sensitivity.low > kMatters && stage.known &&
        makes_batches(stage.stage_class) && stage.sensitivity.low > kMatters)
      return {ProbeAnswer::kConfirmed,
              fmt::format("{}, and {}", share_text(*compute), share_text(stage))};
  return {ProbeAnswer::kUndecided, "no delay of both sides reaches the step for certain"};
}

}  // namespace

const char* to_string(ProbeEnd end) {
  constexpr const char* names[] = {"running", "narrow", "limit", "job-ended"};
  return names[static_cast<std::size_t>(end)];
}

const char* to_string(ProbeAnswer answer) {
  constexpr const char* names[] = {"confirmed", "contradicted", "undecided"};
  return names[static_cast<std::size_t>(answer)];
}

ProbeJudgement judge(const Verdict& verdict, const ProbeProfile& probe) {
  if (!probe.why_not.empty()) return {ProbeAnswer::kUndecided, probe.why_not};
  if (is_input_bound(verdict.label) || verdict.label == Label::kTransferBound)
    return judge_stage(probe, verdict.stage);
  if (verdict.label == Label::kComputeBound) return judge_compute(probe);
  if (verdict.label == Label::kBalanced) return judge_balance(probe);
  return {ProbeAnswer::kUndecided, "there is no verdict to confirm"};
}

}  // namespace datamon::report
