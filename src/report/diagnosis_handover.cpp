#include "report/diagnosis_handover.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "report/diagnosis_thresholds.h"
#include "report/jackknife.h"
#include "report/taken_batches.h"
#include "report/text_units.h"

namespace datamon::report {
namespace {

namespace th = thresholds;

struct Stretch {
  double from_s = 0, to_s = 0;
};
using Sender = std::pair<std::uint32_t, int>;         // whom it works for, and its number there
using Work = std::map<Sender, std::vector<Stretch>>;  // its batches, in order

Sender sender_of(const BatchSample& batch) { return {batch.consumer, batch.worker}; }

Work work_of(const std::vector<BatchSample>& batches) {
  Work work;
  for (const BatchSample& batch : batches)
    if (sane_seconds(batch.end_s - batch.start_s) > 0)
      work[sender_of(batch)].push_back({batch.start_s, batch.end_s});
  for (auto& [sender, stretches] : work)
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

// One hand-over: how long it took, and the part of it in which its sender worked.
struct Handover {
  double length_s = 0, at_work_s = 0;
};

std::vector<Handover> handovers(const Profile& profile) {
  const Work work = work_of(profile.batches);
  const std::vector<std::size_t> taken = taken_batches(profile);
  std::vector<Handover> out;
  for (std::size_t i = 0; i < taken.size(); ++i) {
    const Step& step = profile.consumer.step[i];
    if (!step.steady || !(step.ready_s >= 0) || taken[i] == kNoBatch) continue;
    const double from_s = std::max(finite_or(step.start_s, 0), step.ready_s);
    const double to_s = finite_or(step.start_s, 0) + sane_seconds(step.wait_s);
    if (!(to_s > from_s)) continue;
    const auto made = work.find(sender_of(profile.batches[taken[i]]));
    out.push_back(
        {to_s - from_s, made != work.end() ? overlap_s(made->second, from_s, to_s) : 0.0});
  }
  return out;
}

struct Sums {
  double n = 0, x = 0, y = 0, xx = 0, xy = 0;
  void add(const Handover& one) {
    n += 1;
    x += one.at_work_s;
    y += one.length_s;
    xx += one.at_work_s * one.at_work_s;
    xy += one.at_work_s * one.length_s;
  }
  void add(const Sums& other, double sign) {
    n += sign * other.n;
    x += sign * other.x;
    y += sign * other.y;
    xx += sign * other.xx;
    xy += sign * other.xy;
  }
  double slope() const {
    const double spread = n * xx - x * x;
    return spread > 0 ? (n * xy - x * y) / spread : std::numeric_limits<double>::quiet_NaN();
  }
};

// How much longer a hand-over is for each second that its sender works in it: 1 where
// it waits for that, 0 where it does not care. Where the senders never rest it is 1: they
// set the pace either way.
SlopeEstimate growth_of(const std::vector<Handover>& all) {
  constexpr double kNeverRest = 0.9;
  if (all.size() < 2 * kStretches) return {};
  std::array<Sums, kStretches> stretch;
  Sums whole;
  for (std::size_t i = 0; i < all.size(); ++i) stretch[i * kStretches / all.size()].add(all[i]);
  for (const Sums& part : stretch) whole.add(part, 1);
  if (whole.x >= kNeverRest * whole.y) return {1, 0};
  return jackknife(stretch, whole);
}

}  // namespace

void add_late_handover(const Profile& profile, Evidence& evidence) {
  StepEvidence& step = evidence.step;
  if (!step.ready_known || step.steps == 0) return;
  const double asleep_s = evidence.makers.receive_asleep_s / step.all_steps;
  if (!(asleep_s > 0)) return;
  const std::vector<Handover> all = handovers(profile);
  const SlopeEstimate growth = growth_of(all);
  if (!(growth.slope - th::kSendersDeviations * growth.error > th::kSendersSlope)) return;
  double at_work_s = 0, length_s = 0;
  for (const Handover& one : all) {
    at_work_s += one.at_work_s;
    length_s += one.length_s;
  }
  const double overlap_s = step.handover_s * at_work_s / length_s;
  step.handover_late_s = std::min({step.handover_s, asleep_s, overlap_s});
}

}  // namespace datamon::report
