// Makes what an experiment would have left of a job whose sensitivities are known.
#pragma once

#include <cstdint>
#include <vector>

#include "report/probe/probe_record.h"
#include "report/stage_class.h"

namespace datamon::testing {

struct ModelStage {
  report::StageClass stage_class;
  double own_s;  // of a step
};

// A step takes as long as its loader's stages one after the other, or as its compute, if
// that is longer.
struct ProbeModel {
  std::vector<ModelStage> stages;
  int windows = 90;
  double delay = 0.2;
  double batch_noise = 0.1;     // of a window's work, standard deviation of the logarithm
  double machine_noise = 0.01;  // of its time, neighbours alike
  double drift = 0;             // of its time from first to last window
  double likeness = 0.6;        // correlation of neighbouring windows' machine noise
  double burst_chance = 0;      // of a window to be one in which others took the machine
  double burst = 0.7;           // of its time, logarithm: twice as slow
  std::uint64_t seed = 1;

  double loader_s() const;
  double compute_s() const;
  // What the experiment ought to find for a small delay.
  double sensitivity(report::StageClass stage_class) const;
};

report::ProbeRecord simulate(const ProbeModel& model);

}  // namespace datamon::testing
