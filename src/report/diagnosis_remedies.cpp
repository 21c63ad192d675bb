#include "report/diagnosis_remedies.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/diagnosis_advice.h"
#include "report/diagnosis_thresholds.h"
#include "report/text_units.h"

namespace datamon::report {
namespace {

namespace th = thresholds;

void help_stage(const Case& c, Advice& out) {
  if (!c.ruling.leader) return;
  // What computes less does not sleep less.
  if (c.ruling.ground != Ground::kHandoverOnWait &&
      asleep_share(c.evidence, c.ruling) >= th::kMostlyAsleep)
    return;
  switch (*c.ruling.leader) {
    case Cost::kRead:
      return help_reading(c, out);
    case Cost::kDecode:
      return help_decoding(c, out);
    case Cost::kTransform:
    case Cost::kUnnamed:
      return help_transform(c, out);
    case Cost::kCollate:
      return help_collate(c, out);
    case Cost::kHandoff:
      return help_handoff(c, out);
  }
}

void help_insufficient(const Case& c, Advice& out) {
  const StepEvidence& step = c.evidence.step;
  if (const Problem* const problem = first_damage(c.profile); problem != nullptr)
    out.remedies.push_back(
        {"see to the recording first: copy it again, whole, or record the job again",
         fmt::format("something of {} is not in this report", printable(problem->file))});
  if (c.ruling.ground == Ground::kNoConsumer) {
    out.remedies.push_back(
        {is_python(c.profile.job)
             ? "say where batches come from (import datamon): for batch in datamon.wrap(loader): "
               "or, of a function that gives one, get_batch = datamon.wrap(get_batch)"
             : "mark the loop that takes batches: datamon::thread("
               "DATAMON_ROLE_CONSUMER), a wait span around getting a batch and a "
               "compute span around the step",
         is_python(c.profile.job) ? "no loop over a data loader that is recorded by itself was seen"
                                  : "without them nobody can say whether the job waits"});
    return;
  }
  if (c.ruling.ground == Ground::kNoStages) {
    out.remedies.push_back(
        {"mark the stages of the loader in its workers (read, decode, transform, "
         "collate, send), and start them so that they inherit MON and MON_DIR",
         "only the consumer was recorded: it waits, but not why"});
    return;
  }
  if (c.has(Qualifier::kStartUp) && c.evidence.run.epoch_boundaries > 0) {
    out.remedies.push_back(
        {"make epochs longer, or record more of them",
         fmt::format("{} steady step{} between {} epoch boundar{}", step.steps,
                     plural(static_cast<double>(step.steps), " lies", "s lie"),
                     c.evidence.run.epoch_boundaries,
                     plural(static_cast<double>(c.evidence.run.epoch_boundaries), "y", "ies"))});
    return;
  }
  const double missing = static_cast<double>(th::kManySteps) - static_cast<double>(step.steps);
  out.remedies.push_back(
      {fmt::format(
           "record for longer: at least {} more step{}{}", missing, plural(missing),
           step.step_s > 0 ? fmt::format(" (about {})", time_text(missing * step.step_s)) : ""),
       fmt::format("{} steady step{} nothing about the spread; {} give a verdict, {} a firm one",
                   step.steps, plural(static_cast<double>(step.steps), " says", "s say"),
                   th::kMinimumSteps, th::kManySteps)});
}

}  // namespace

const StageProfile* stage_of(const Profile& profile, StageClass stage_class) {
  const StageProfile* best = nullptr;
  for (const StageProfile& stage : profile.stages)
    if (stage.stage_class == stage_class && (best == nullptr || stage.self_s > best->self_s))
      best = &stage;
  return best;
}

double bytes_each(const Profile& profile, StageClass stage_class) {
  const StageProfile* stage = stage_of(profile, stage_class);
  if (stage == nullptr || stage->count == 0) return 0;
  return static_cast<double>(stage->bytes) / static_cast<double>(stage->count);
}

std::string heaviest(const Case& c, Cost cost) {
  return printable(c.evidence.makers.heaviest_part[static_cast<std::size_t>(cost)]);
}

std::string share_text(const Case& c, Cost cost) {
  double all = 0;
  for (const double value : c.ruling.costs) all += value;
  const double own = c.ruling.costs[static_cast<std::size_t>(cost)];
  return percent_text(all > 0 ? own / all : 0);
}

Advice advise(const Profile& profile, const Evidence& evidence, const Ruling& ruling,
              const std::vector<Qualifier>& qualifiers) {
  const Case c{profile, evidence, ruling, qualifiers};
  Advice out;
  switch (ruling.label) {
    case Label::kInsufficientData:
      help_start_up(c, out);
      help_insufficient(c, out);
      return out;
    case Label::kComputeBound:
      help_compute(c, out);
      break;
    case Label::kTransferBound:
      help_transfer(c, out);
      break;
    case Label::kBalanced:
      help_machine(c, out);
      out.remedies.push_back(
          {"speed up loader and step together, or leave both as they are",
           fmt::format("input wait is {} of a step: a faster loader alone brings at most {}",
                       percent_text(evidence.step.wait.value),
                       factor_text(1 / (1 - std::min(0.99, evidence.step.wait.high))))});
      out.remedies.push_back(
          {"record a longer run if one of the two must be named",
           fmt::format("the interval is {} to {} of a step", percent_text(evidence.step.wait.low),
                       percent_text(evidence.step.wait.high))});
      break;
    default:
      if (slow_worker_leads(evidence)) help_slow_worker(c, out);
      if (ruling.ground == Ground::kConsumerLoads) more_workers(c, out);
      if (c.ruling.ground == Ground::kConsumerLoads || c.ruling.ground == Ground::kWorkers)
        help_asleep(c, out);
      help_machine(c, out);
      if (ruling.label != Label::kHandoffBound && c.has(Qualifier::kTooFewWorkers))
        more_workers(c, out);
      help_order(c, out);
      help_sharing(c, out);
      help_stage(c, out);
  }
  help_start_up(c, out);
  say_unhelpful(c, out);
  return out;
}

}  // namespace datamon::report
