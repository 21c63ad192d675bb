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
  const auto add = [&](std::string line) { out.unhelpful.push_back(std::move(line)); };
  if (label == Label::kComputeBound || label == Label::kTransferBound) {
    add(fmt::format("more workers or faster storage: only {} of a step is input wait",
                    percent_text(c.evidence.step.wait.value)));
    return;
  }
  if (!input) return;
  if (c.ruling.ground == Ground::kWorkers && machine.cores_full && c.ruling.leader != Cost::kRead)
    add(fmt::format("more workers: {} of {} cores are in use",
                    cores_text(machine.cores_used.value_or(machine.cores_job.value_or(0))),
                    cores_text(machine.cores_allowed.value_or(0))));
  if (c.has(Qualifier::kStorageSaturated)) add("more workers: the disk is at its limit");
  if (c.ruling.ground == Ground::kHandoverOnWait)
    add("more workers: batches are ready before the consumer takes them");
  const double reading = c.evidence.makers.wall[static_cast<std::size_t>(Cost::kRead)];
  double all = 0;
  for (const double cost : c.evidence.makers.wall) all += cost;
  if (label != Label::kIoBound && all > 0 && reading < 0.05 * all)
    add(fmt::format("faster storage: reading is {} of a batch", percent_text(reading / all)));
  if (c.ruling.ground == Ground::kWorkers && !c.has(Qualifier::kOutOfOrderWait) &&
      !c.has(Qualifier::kStragglerItems) &&
      c.evidence.makers.busy_share.value_or(0) >= th::kWorkersBusy)
    add("a deeper prefetch: the workers never stop, so there is nothing to fill it with");
  add(fmt::format("a faster GPU or model: the step waits for input {} of the time",
                  percent_text(c.evidence.step.wait.value)));
}

}  // namespace datamon::report
