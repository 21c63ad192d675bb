// What would not help: as much worth knowing as what would.
#include <fmt/format.h>

#include <utility>

#include "report/diagnosis_case.h"
#include "report/diagnosis_thresholds.h"
#include "report/text_units.h"

namespace datamon::report {

namespace th = thresholds;

void say_unhelpful(const Case& c, Advice& out) {
  const MachineEvidence& machine = c.evidence.machine;
  const Label label = c.ruling.label;
  const bool input = is_input_bound(label);
  const auto add = [&](const char* change, std::string why, Change simulated) {
    out.unhelpful.push_back({change, std::move(why), {std::move(simulated)}});
  };
  const Change more = workers_each(c, std::max(1, 2 * c.workers()));
  const Change deeper{ChangeKind::kPrefetch,
                      2.0 * (c.profile.job.prefetch > 0 ? c.profile.job.prefetch : 2), ""};
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
        more);
  if (c.has(Qualifier::kStorageSaturated)) add("more workers", "the disk is at its limit", more);
  if (c.ruling.ground == Ground::kHandoverOnWait)
    add("more workers", "batches are ready before the consumer takes them", more);
  const double reading = c.evidence.makers.wall[static_cast<std::size_t>(Cost::kRead)];
  double all = 0;
  for (const double cost : c.evidence.makers.wall) all += cost;
  if (label != Label::kIoBound && all > 0 && reading < 0.05 * all)
    add("faster storage", fmt::format("reading is {} of a batch", percent_text(reading / all)),
        {ChangeKind::kCached, 0, ""});
  if (c.ruling.ground == Ground::kWorkers && !c.has(Qualifier::kOutOfOrderWait) &&
      !c.has(Qualifier::kStragglerItems) &&
      c.evidence.makers.busy_share.value_or(0) >= th::kWorkersBusy)
    add("a deeper prefetch", "the workers never stop, so there is nothing to fill it with", deeper);
  add("a faster GPU or model",
      fmt::format("the step waits for input {} of the time",
                  percent_text(c.evidence.step.wait.value)),
      {ChangeKind::kConsumer, 0.5, ""});
}

}  // namespace datamon::report
