#include "probe_model.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "../draw.h"

namespace datamon::testing {

using report::StageClass;

double ProbeModel::loader_s() const {
  double sum = 0;
  for (const ModelStage& stage : stages)
    if (stage.stage_class != StageClass::kCompute) sum += stage.own_s;
  return sum;
}

double ProbeModel::compute_s() const {
  for (const ModelStage& stage : stages)
    if (stage.stage_class == StageClass::kCompute) return stage.own_s;
  return 0;
}

double ProbeModel::sensitivity(StageClass stage_class) const {
  const bool input_bound = loader_s() > compute_s();
  for (const ModelStage& stage : stages) {
    if (stage.stage_class != stage_class) continue;
    if (stage_class == StageClass::kCompute) return input_bound ? 0 : 1;
    return input_bound ? stage.own_s / loader_s() : 0;
  }
  return 0;
}

report::ProbeRecord simulate(const ProbeModel& model) {
  report::ProbeRecord record;
  format::ProbeHeader& header = record.header;
  std::memcpy(header.magic, format::kProbeMagic, sizeof header.magic);
  header.version = format::kProbeVersion;
  header.delay_ppm = static_cast<std::uint32_t>(model.delay * 1e6);
  header.seed = model.seed;
  header.window_ns = 1'000'000'000;
  header.settle_ns = 200'000'000;
  header.step_ns = 20'000'000;
  header.start_ns = 5'000'000'000;
  header.limit_ns = static_cast<std::uint64_t>(model.windows) * header.window_ns;
  for (const ModelStage& stage : model.stages)
    header.classes[header.class_count++] = static_cast<std::uint16_t>(stage.stage_class);

  Draw draw(model.seed);
  double machine = 0;
  for (int w = 0; w < model.windows; ++w) {
    machine = model.likeness * machine +
              std::sqrt(1 - model.likeness * model.likeness) * draw.normal() * model.machine_noise;
    const bool is_burst = model.burst_chance > 0 && draw.uniform(0, 1) < model.burst_chance;
    const double slow =
        std::exp(machine + model.drift * w / model.windows + (is_burst ? model.burst : 0));
    const double batches = std::exp(draw.normal() * model.batch_noise);
    const std::uint16_t delayed = format::probe_class_in(header, static_cast<std::uint64_t>(w));
    double loader_s = 0, compute_s = 0;
    format::ProbeWindow window{};
    std::vector<double> own_s;
    for (const ModelStage& stage : model.stages) {
      const bool computes = stage.stage_class == StageClass::kCompute;
      own_s.push_back(stage.own_s * (computes ? 1 : batches));
      const bool late = static_cast<std::uint16_t>(stage.stage_class) == delayed;
      (computes ? compute_s : loader_s) += own_s.back() * (late ? 1 + model.delay : 1);
    }
    const double step_s = std::max(loader_s, compute_s) * slow;
    window.steps = 1 + static_cast<std::uint64_t>(0.8 / step_s);
    window.first_ns =
        header.start_ns + static_cast<std::uint64_t>(w) * header.window_ns + header.settle_ns;
    window.last_ns = window.first_ns + static_cast<std::uint64_t>(
                                           static_cast<double>(window.steps - 1) * step_s * 1e9);
    for (std::size_t i = 0; i < own_s.size(); ++i) {
      window.own_ns[i] =
          static_cast<std::uint64_t>(own_s[i] * static_cast<double>(window.steps) * 1e9);
      if (header.classes[i] == delayed)
        window.added_ns =
            static_cast<std::uint64_t>(model.delay * static_cast<double>(window.own_ns[i]));
    }
    header.added_ns[delayed] += window.added_ns;
    record.windows.push_back(window);
  }
  return record;
}

}  // namespace datamon::testing
