// What preparing a recorded job's images would cost in another placement: the rates of the
// reference pipeline, brought to the size of this job's images, and the room that its GPU has.
//
// Pure; never throws. Thread-safety: pure functions.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "report/forecast/placement_rates.h"
#include "report/profile.h"

namespace datamon::report {

struct JobModel;

// Of one item, seconds; as PlacementRate.
struct PlacementCost {
  double worker_cpu_s = 0, consumer_cpu_s = 0, device_s = 0, copy_s = 0;
};

struct PlacementModel {
  bool known = false;   // there are rates
  std::string why_not;  // they mean nothing for this job, because ...
  std::array<std::optional<PlacementCost>, kPlacements.size()> costs;
  std::vector<std::string> assumptions;  // that a placement's forecast rests on, a clause each
  double replaced_cpu_s = 0;             // CPU time of a batch that a placement replaces, mean
  double own_step_s = 0;                 // a step without its waits, mean
  // Of a step, the device at work for the model; not known: as long as own_step_s.
  std::optional<double> gpu_busy_s;
};

// `model` is complete but for its placement. Precondition: it can be forecast.
PlacementModel placement_model(const Profile& profile, const PlacementRates& rates,
                               const JobModel& model);

// Stages whose work a placement replaces by the reference pipeline's: all that makes a batch but
// its hand-over. What reading waits for stays; so does what their code sleeps before a transform,
// which may be reading that nobody marked.
bool is_replaced(StageClass stage_class);

// What a batch costs the device, and the consumer's CPU, in a scenario.
struct DeviceWork {
  double compute_s = 0, copy_s = 0, consumer_cpu_s = 0;
};

// How much longer a step is with that work: kernels first use the time in which the device is idle
// inside the step, the rest adds to it; copies run beside, but a step takes as long as they do.
// `step_factor`: on the step's own time. Without workers nothing overlaps, and all of it adds.
double added_step_s(const PlacementModel& model, const DeviceWork& work, double step_factor,
                    bool overlaps);

}  // namespace datamon::report
