#include "report/forecast/placement_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/diagnosis_evidence.h"
#include "report/forecast/job_model.h"
#include "report/forecast/stage_splits.h"
#include "report/text_units.h"

namespace datamon::report {
namespace {

// Images that differ by less are alike.
constexpr double kAlikeImages = 1.25;
// No two sets of photographs differ by more; a recording that says so is damaged.
constexpr double kMostRatio = 1e4;

std::optional<double> known(double value) {
  return std::isfinite(value) && value > 0 ? std::optional(value) : std::nullopt;
}

// Bytes that reading delivers for an item.
std::optional<double> bytes_of_item(const Profile& profile) {
  double bytes = 0;
  for (const StageProfile& stage : profile.stages)
    if (stage.stage_class == StageClass::kRead && !stage.residence)
      bytes = std::max(bytes, static_cast<double>(stage.bytes));
  const double clock_s = profile.consumer.steady_s / std::max(1, profile.job.ranks);
  return known(bytes / (profile.items_per_s * clock_s));
}

// How many times the work an image of this job is, and what that is known from.
double size_ratio(const Profile& profile, const PlacementRates& rates,
                  std::vector<std::string>& assumptions) {
  double ratio = 1;
  const char* by = nullptr;
  if (const auto pixels = known(profile.data.image_pixels)) {
    ratio = *pixels / rates.mean_pixels;
    by = "pixels";
  } else if (const auto bytes = bytes_of_item(profile)) {
    ratio = *bytes / rates.mean_bytes;
    by = "bytes";
  } else {
    assumptions.emplace_back(
        "images cost what those of the rates did: the recording does not say how large this job's "
        "are");
    return 1;
  }
  ratio = std::clamp(ratio, 1 / kMostRatio, kMostRatio);
  assumptions.push_back(
      ratio < kAlikeImages && ratio > 1 / kAlikeImages
          ? fmt::format("images are as large as those of the rates ({})", by)
          : fmt::format(
                "images cost {} what those of the rates did, as they have so many times the "
                "{}; rates from this job's own images would not need that",
                ratio >= 1 ? factor_text(ratio) : percent_text(ratio), by));
  return ratio;
}

// The share of the time that the busiest device of a rank was at work.
std::optional<double> gpu_busy_share(const Profile& profile) {
  double busiest = -1;
  if (profile.gpu)
    for (const GpuDeviceProfile& device : profile.gpu->devices)
      if (device.window_s > 0 && std::isfinite(device.busy_s))
        busiest = std::max(busiest, device.busy_s / device.window_s);
  // The sampler's share is the mean of all GPUs of the machine: at worst all of it is this job's.
  const MachineProfile& machine = profile.machine;
  if (busiest < 0 && machine.gpus > 0 && std::isfinite(machine.gpu_busy_share)) {
    const double ranks_here =
        std::max(1.0, static_cast<double>(profile.job.ranks) / std::max(1, machine.hosts));
    busiest = machine.gpu_busy_share * machine.gpus / std::min<double>(ranks_here, machine.gpus);
  }
  return busiest >= 0 ? std::optional(std::min(busiest, 1.0)) : std::nullopt;
}

double mean_replaced_cpu_s(const JobModel& model) {
  double sum_s = 0;
  for (const RecordedBatch& batch : model.batches)
    for (std::size_t k = 0; k < kStageClasses; ++k)
      if (is_replaced(static_cast<StageClass>(k))) sum_s += batch.cpu_s[k];
  return sum_s / static_cast<double>(model.batches.size());
}

bool decodes(const JobModel& model) {
  const std::size_t k = index_of(StageClass::kDecode);
  return std::any_of(model.batches.begin(), model.batches.end(), [](const RecordedBatch& batch) {
    return batch.cpu_s[k] + batch.delay_s[k] + batch.storage_s[k] > 0;
  });
}

void say_machines(const Profile& profile, const PlacementRates& rates,
                  std::vector<std::string>& assumptions) {
  const auto differ = [](const std::string& a, const std::string& b) {
    return !a.empty() && !b.empty() && a != b;
  };
  if (differ(rates.cpu, profile.machine.cpu_model))
    assumptions.push_back(
        fmt::format("this machine's cores ({}) do what those of the rates did ({})",
                    printable(profile.machine.cpu_model), printable(rates.cpu)));
  if (differ(rates.device, profile.machine.gpu))
    assumptions.push_back(
        fmt::format("the GPU is as fast as the one of the rates ({})", printable(rates.device)));
}

}  // namespace

bool is_replaced(StageClass stage_class) {
  return stage_class == StageClass::kOther ||
         (stage_class >= StageClass::kFetch && stage_class <= StageClass::kCollate);
}

PlacementModel placement_model(const Profile& profile, const PlacementRates& rates,
                               const JobModel& model) {
  PlacementModel out;
  out.known = true;
  out.replaced_cpu_s = mean_replaced_cpu_s(model);
  if (!decodes(model))
    out.why_not =
        "the rates are those of a loader that decodes JPEGs, and no decoding was recorded here";
  else if (!(out.replaced_cpu_s > 0))
    out.why_not = "no CPU time of this loader was recorded, which a placement would replace";
  if (!out.why_not.empty()) return out;
  out.assumptions.emplace_back(
      "images are prepared as the reference pipeline does (decode, random crop, resize, flip, "
      "normalise), and handed over as now");
  const double ratio = size_ratio(profile, rates, out.assumptions);
  for (const Placement placement : kPlacements) {
    const auto& rate = rates.of(placement);
    if (!rate) continue;
    out.costs[static_cast<std::size_t>(placement)] =
        PlacementCost{rate->worker_cpu_s * ratio, rate->consumer_cpu_s * ratio,
                      rate->device_s * ratio, rate->copy_s * ratio};
  }
  say_machines(profile, rates, out.assumptions);
  const auto steps = static_cast<double>(profile.consumer.steady_steps);
  if (steps > 0)
    out.own_step_s =
        (sane_seconds(profile.consumer.compute_s) + sane_seconds(profile.consumer.transfer_s)) /
        steps;
  if (const auto share = gpu_busy_share(profile)) out.gpu_busy_s = *share / profile.steps_per_s;
  return out;
}

double added_step_s(const PlacementModel& model, const DeviceWork& work, double step_factor,
                    bool overlaps) {
  if (!overlaps) return work.compute_s + work.copy_s;
  if (!(work.compute_s + work.copy_s > 0)) return 0;
  const double own_s = model.own_step_s * step_factor;
  const double busy_s = model.gpu_busy_s.value_or(model.own_step_s) * step_factor;
  return std::max({0.0, busy_s + work.compute_s - own_s, work.copy_s - own_s});
}

}  // namespace datamon::report
