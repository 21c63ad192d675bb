// What would not help: as much worth knowing as what would.
#include <fmt/format.h>

#include <utility>

#include "report/diagnosis_case.h"
#include "report/diagnosis_thresholds.h"
#include "report/text_units.h"

namespace datamon::report {

namespace th = thresholds;

namespace {

// Why more workers gain something where the cores are in use.
std::string cores_to_win(const MachineEvidence& machine) {
  if (!disturbed(machine)) return "";
  return fmt::format("other programs use {} of the {} cores; more workers get more of them",
                     cores_text(*machine.cores_others), cores_text(*machine.cores_allowed));
}

// ... where most batches are ready before they are taken.
std::string batches_to_win(const StepEvidence& step) {
  if (!(step.wait_s > 0) || !step.ready_known) return "";
  if (waits_for_senders(step))
    return fmt::format(
        "{} of the wait is for a worker that is at work on another batch; each of more workers is "
        "so less often",
        percent_text(std::min(1.0, step.handover_late_s / step.wait_s)));
  return fmt::format("{} of the wait is for batches that are not ready yet",
                     percent_text(std::max(0.0, 1 - step.handover_s / step.wait_s)));
}

// Reads out of the page cache wait for something else than the disk.
std::string storage_limit(const MachineEvidence& machine) {
  const bool is_disk = !machine.from_page_cache && !machine.reads_queue && !machine.reads_share &&
                       !machine.limit_above_disk;
  return (is_disk ? "the disk" : server_of_reads(machine)) + " is at its limit";
}

}  // namespace

void say_unhelpful(const Case& c, Advice& out) {
  const MachineEvidence& machine = c.evidence.machine;
  const Label label = c.ruling.label;
  const bool input = is_input_bound(label);
  const auto add = [&](const char* change, std::string why, Change simulated,
                       std::string if_it_helps = "") {
    Unhelpful unhelpful{change, std::move(why), {std::move(simulated)}};
    unhelpful.if_it_helps = std::move(if_it_helps);
    out.unhelpful.push_back(std::move(unhelpful));
  };
  const Change more = change_to_workers(std::max(1, 2 * c.workers()));
  const Change deeper{ChangeKind::kPrefetch, 2.0 * c.prefetch(), ""};
  if (label == Label::kComputeBound || label == Label::kTransferBound) {
    add("more workers or faster storage",
        fmt::format("only {} of a step is input wait", percent_text(c.evidence.step.wait.value)),
        more);
    return;
  }
  if (!input) return;
  if (c.ruling.ground == Ground::kWorkers && machine.cores_full && c.ruling.leader != Cost::kRead)
    add("more workers",
        fmt::format("{} of {} core{} in use",
                    cores_text(machine.cores_used.value_or(machine.cores_job.value_or(0))),
                    cores_text(machine.cores_allowed.value_or(0)),
                    plural(machine.cores_allowed.value_or(0), " is", "s are")),
        more, cores_to_win(machine));
  if (c.has(Qualifier::kStorageSaturated)) add("more workers", storage_limit(machine), more);
  if (c.ruling.ground == Ground::kHandoverOnWait)
    add("more workers", "batches are ready before the consumer takes them", more,
        batches_to_win(c.evidence.step));
  const double reading = c.evidence.makers.wall[static_cast<std::size_t>(Cost::kRead)];
  double all = 0;
  for (const double cost : c.evidence.makers.wall) all += cost;
  if (label != Label::kIoBound && all > 0 && reading < 0.05 * all)
    add("faster storage", fmt::format("reading is {} of a batch", percent_text(reading / all)),
        {ChangeKind::kCached, 0, ""});
  if (c.ruling.ground == Ground::kWorkers && !c.has(Qualifier::kOutOfOrderWait) &&
      !c.has(Qualifier::kStragglerItems) &&
      c.evidence.makers.busy_share.value_or(0) >= th::kWorkersBusy)
    add("a deeper prefetch", "the workers never stop, so there is nothing to fill it with", deeper,
        "batches and steps take longer now and then, which more of them ahead evens out");
  add("a faster GPU or model",
      fmt::format("the step waits for input {} of the time",
                  percent_text(c.evidence.step.wait.value)),
      {ChangeKind::kConsumer, 0.5, ""},
      fmt::format("the step itself takes {} of the time",
                  percent_text(c.evidence.step.own_share())));
}

}  // namespace datamon::report
