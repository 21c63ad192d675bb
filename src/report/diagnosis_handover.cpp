#include "report/diagnosis_handover.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "report/text_units.h"

namespace datamon::report {
namespace {

struct Stretch {
  double from_s = 0, to_s = 0;
};
using Work = std::map<int, std::vector<Stretch>>;  // worker -> its batches, in order

// Whoever sent the batch: its number and when it was sent are told of both sides.
using Senders = std::map<std::pair<std::uint64_t, double>, int>;

Work work_of(const std::vector<BatchSample>& batches) {
  Work work;
  for (const BatchSample& batch : batches)
    if (sane_seconds(batch.end_s - batch.start_s) > 0)
      work[batch.worker].push_back({batch.start_s, batch.end_s});
  for (auto& [worker, stretches] : work)
    std::sort(stretches.begin(), stretches.end(),
              [](const Stretch& a, const Stretch& b) { return a.from_s < b.from_s; });
  return work;
}

double overlap_s(const std::vector<Stretch>& stretches, double from_s, double to_s) {
  auto at = std::lower_bound(stretches.begin(), stretches.end(), from_s,
                             [](const Stretch& s, double time_s) { return s.to_s <= time_s; });
  double sum_s = 0;
  for (; at != stretches.end() && at->from_s < to_s; ++at)
    sum_s += std::max(0.0, std::min(at->to_s, to_s) - std::max(at->from_s, from_s));
  return std::min(sum_s, to_s - from_s);
}

// A hand-over that goes on while its sender rests is slow by itself: only where the
// sender is at work to the end, or until shortly before it, may that be the reason.
constexpr double kEndOfHandover = 0.1;

// Of the hand-overs' time, the part in which they may have waited for their senders.
double sender_at_work_share(const Profile& profile) {
  const Work work = work_of(profile.batches);
  Senders senders;
  for (const BatchSample& batch : profile.batches)
    if (batch.ready_s >= 0) senders[{batch.id, batch.ready_s}] = batch.worker;
  double all_s = 0, at_work_s = 0;
  for (const Step& step : profile.consumer.step) {
    if (!step.steady || !(step.ready_s >= 0)) continue;
    const double from_s = std::max(finite_or(step.start_s, 0), step.ready_s);
    const double to_s = finite_or(step.start_s, 0) + sane_seconds(step.wait_s);
    const auto sender = senders.find({step.batch, step.ready_s});
    if (!(to_s > from_s) || sender == senders.end()) continue;
    all_s += to_s - from_s;
    const std::vector<Stretch>& made = work.at(sender->second);
    const double end_s = to_s - kEndOfHandover * (to_s - from_s);
    if (overlap_s(made, end_s, to_s) > 0) at_work_s += overlap_s(made, from_s, to_s);
  }
  return all_s > 0 ? at_work_s / all_s : 0;
}

}  // namespace

void add_late_handover(const Profile& profile, Evidence& evidence) {
  StepEvidence& step = evidence.step;
  if (!step.ready_known || profile.job.ranks > 1 || step.steps == 0) return;
  const double asleep_s = evidence.makers.receive_asleep_s / static_cast<double>(step.steps);
  if (!(asleep_s > 0)) return;
  step.handover_late_s = std::min(step.handover_s, asleep_s) * sender_at_work_share(profile);
}

}  // namespace datamon::report
