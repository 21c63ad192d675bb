#include "report/forecast/drawing.h"

#include <algorithm>
#include <cmath>

#include "report/diagnosis_bootstrap.h"
#include "report/diagnosis_thresholds.h"
#include "report/median.h"

namespace datamon::report {
namespace {

BatchWork work_of(const RecordedBatch& batch, const WorkFactors& factors) {
  BatchWork work;
  for (std::size_t k = 0; k < kStageClasses; ++k) {
    work.storage_s += static_cast<double>(batch.storage_s[k]) * factors.storage[k];
    work.delay_s += static_cast<double>(batch.delay_s[k]) * factors.delay[k];
    work.cpu_s += static_cast<double>(batch.cpu_s[k]) * factors.cpu[k];
  }
  return work;
}

double whole(const BatchWork& work) { return work.storage_s + work.delay_s + work.cpu_s; }

void scale(BatchWork& work, double factor) {
  work.storage_s *= factor;
  work.delay_s *= factor;
  work.cpu_s *= factor;
}

void scale(StepWork& step, double receive, double own) {
  step.receive_cpu_s *= receive;
  step.receive_delay_s *= receive;
  step.cpu_s *= own;
  step.delay_s *= own;
}

// No batch costs more than the usual one times what makes a straggler.
void cap(std::vector<BatchWork>& works) {
  std::vector<double> lengths;
  for (const BatchWork& work : works) lengths.push_back(whole(work));
  const double median_s = median(std::move(lengths));
  for (BatchWork& work : works)
    if (const double length_s = whole(work); length_s > thresholds::kStragglerFactor * median_s)
      scale(work, median_s / length_s);
}

// `ratio` times a recorded batch, beginning with the one at `from`.
BatchWork resized(const std::vector<BatchWork>& works, std::size_t from, double ratio) {
  BatchWork out;
  // Beyond so many it is their mean that counts.
  constexpr double kMostBatches = 64;
  const double more = std::max(1.0, ratio / kMostBatches);
  ratio /= more;
  for (std::size_t i = from; ratio > 0; ++i, ratio -= 1) {
    const BatchWork& work = works[i % works.size()];
    const double part = std::min(ratio, 1.0);
    out.storage_s += work.storage_s * part;
    out.delay_s += work.delay_s * part;
    out.cpu_s += work.cpu_s * part;
  }
  scale(out, more);
  return out;
}

}  // namespace

Positions in_order(std::size_t recorded, std::size_t count) {
  Positions out(count);
  const std::size_t block = std::min<std::size_t>(64, recorded);
  const std::size_t blocks = std::max<std::size_t>(1, (count + block - 1) / block);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at =
        recorded <= count ? i % recorded : i / block * (recorded - block) / blocks + i % block;
    out[i] = static_cast<std::uint32_t>(at);
  }
  return out;
}

Positions resampled(std::size_t recorded, std::size_t count, std::size_t block,
                    std::uint64_t seed) {
  Random random(seed);
  Positions out;
  out.reserve(count + block);
  while (out.size() < count) {
    const std::size_t at = random.below(recorded - block + 1);
    for (std::size_t i = 0; i < block; ++i) out.push_back(static_cast<std::uint32_t>(at + i));
  }
  out.resize(count);
  return out;
}

Series series_of(const JobModel& model, const Scenario& scenario, const Positions& batches,
                 const Positions& steps) {
  Series out;
  out.batches.reserve(batches.size());
  for (const std::uint32_t at : batches)
    out.batches.push_back(work_of(model.batches[at], scenario.factors));
  if (scenario.cap_stragglers) cap(out.batches);
  const double ratio = scenario.batch_ratio;
  if (ratio != 1) {
    const std::vector<BatchWork> single = out.batches;
    const auto stride = static_cast<std::size_t>(std::max(1.0, std::round(ratio)));
    for (std::size_t i = 0; i < out.batches.size(); ++i)
      out.batches[i] = resized(single, i * stride, ratio);
  }
  const DeviceWork device = scenario.device.value_or(DeviceWork());
  const double added_s = ratio * added_step_s(model.placement, device, scenario.compute_factor,
                                              scenario.setup.workers > 0);
  out.steps.reserve(steps.size());
  for (const std::uint32_t at : steps) {
    out.steps.push_back(model.steps[at]);
    StepWork& step = out.steps.back();
    scale(step, ratio * scenario.receive_factor, ratio * scenario.compute_factor);
    step.delay_s += added_s;
    step.receive_cpu_s += ratio * device.consumer_cpu_s;
  }
  return out;
}

}  // namespace datamon::report
