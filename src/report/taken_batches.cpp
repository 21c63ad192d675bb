#include "report/taken_batches.h"

#include <algorithm>
#include <iterator>
#include <tuple>

#include "report/diagnosis_evidence.h"
#include "report/text_units.h"

namespace datamon::report {
namespace {

// A step's end is a sum of its parts.
constexpr double kRounding_s = 1e-6;

struct Named {
  std::uint32_t consumer;
  std::uint64_t id;
  double at_s;
  std::size_t batch;  // place in profile.batches

  bool operator<(const Named& other) const {
    return std::tie(consumer, id, at_s, batch) <
           std::tie(other.consumer, other.id, other.at_s, other.batch);
  }
  bool names(const Step& step) const { return consumer == step.consumer && id == step.batch; }
};

std::vector<Named> sorted_by(double BatchSample::*moment, const std::vector<BatchSample>& batches) {
  std::vector<Named> out;
  for (std::size_t i = 0; i < batches.size(); ++i)
    if (batches[i].id != format::kNoId)
      out.push_back({batches[i].consumer, batches[i].id, finite_or(batches[i].*moment, -1), i});
  std::sort(out.begin(), out.end());
  return out;
}

std::size_t handed_over_for(const Step& step, const std::vector<Named>& by_ready) {
  const auto at = std::lower_bound(by_ready.begin(), by_ready.end(),
                                   Named{step.consumer, step.batch, step.ready_s, 0});
  const bool found = at != by_ready.end() && at->names(step) && at->at_s == step.ready_s;
  return found ? at->batch : kNoBatch;
}

std::size_t latest_made_for(const Step& step, const std::vector<Named>& by_end) {
  const double end_s = finite_or(step.start_s, 0) + sane_seconds(step.wait_s) +
                       sane_seconds(step.transfer_s) + sane_seconds(step.other_wait_s) +
                       sane_seconds(step.compute_s);
  const auto behind =
      std::upper_bound(by_end.begin(), by_end.end(),
                       Named{step.consumer, step.batch, end_s + kRounding_s, kNoBatch});
  const bool found = behind != by_end.begin() && std::prev(behind)->names(step);
  return found ? std::prev(behind)->batch : kNoBatch;
}

}  // namespace

std::vector<std::size_t> taken_batches(const Profile& profile) {
  const std::vector<Named> by_ready = sorted_by(&BatchSample::ready_s, profile.batches);
  const std::vector<Named> by_end = sorted_by(&BatchSample::end_s, profile.batches);
  std::vector<bool> taken(profile.batches.size());
  std::vector<std::size_t> out;
  for (const Step& step : profile.consumer.step) {
    std::size_t batch = kNoBatch;
    if (step.batch != format::kNoId)
      batch = step.ready_s >= 0 ? handed_over_for(step, by_ready) : latest_made_for(step, by_end);
    if (batch != kNoBatch && taken[batch]) batch = kNoBatch;
    if (batch != kNoBatch) taken[batch] = true;
    out.push_back(batch);
  }
  return out;
}

std::vector<double> waits_for_batches(const Profile& profile) {
  const std::vector<std::size_t> taken = taken_batches(profile);
  std::vector<double> waits(profile.batches.size());
  for (std::size_t i = 0; i < taken.size(); ++i)
    if (const Step& step = profile.consumer.step[i]; step.steady && taken[i] != kNoBatch)
      waits[taken[i]] = sane_seconds(step.wait_s);
  return waits;
}

}  // namespace datamon::report
