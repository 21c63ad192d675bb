// A recorded job as the simulation needs it: single batches and steps as they
// were, with the time that they spent waiting for a core taken out (the
// simulation makes that again), and the resources they shared. Pure.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "report/forecast/change.h"
#include "report/forecast/placement_model.h"
#include "report/forecast/simulation.h"
#include "report/profile.h"

namespace datamon::report {

// What one recorded batch cost its maker, by StageClass. kOther holds what lies
// between its stages.
struct RecordedBatch {
  std::array<float, kStageClasses> storage_s{}, delay_s{}, cpu_s{};
};

// Factors on recorded work, by StageClass: 1 leaves it as it is.
struct WorkFactors {
  std::array<double, kStageClasses> storage, delay, cpu;
  WorkFactors() {
    storage.fill(1);
    delay.fill(1);
    cpu.fill(1);
  }
};

struct JobModel {
  std::string why_not;  // no forecast can be made, because ...; "" if one can

  std::vector<RecordedBatch> batches;  // in the order of their start
  std::vector<StepWork> steps;         // in order
  LoaderSetup setup;                   // of one rank
  int ranks = 1, hosts = 1;
  double cores_of_host = kUnlimited;
  double measured_steps_per_s = 0;  // of one rank
  double items_per_step = 1;        // of one rank
  double batch_items = 1;
  double storage_busy_share = 0;  // of a storage at its limit; 0: it is not
  // Of a storage that may be at its limit, for all that is known: at least one
  // reader was at it. 0: its limit is known.
  double storage_active_share = 0;
  double core_wait_share = 0;            // of makers' time on or waiting for a core
  std::size_t boundaries = 0;            // epochs that ended within the run
  double boundary_s = 0;                 // each, mean
  double steady_s = 0;                   // of one rank
  std::vector<std::string> assumptions;  // that hold for every forecast, a clause each
  std::vector<std::pair<std::string, std::pair<int, double>>> stage_shares;  // name -> class, share
  PlacementModel placement;  // where rates are known

  bool cores_known() const { return setup.cores < kUnlimited; }
  // Of the time that the epochs and what lies between them took. 0: not known.
  double boundary_share() const;
};

// Why not, if the recording does not hold enough; never throws. `rates`: of placements, or null.
// Of several ranks that go in step it is the one that the others wait for.
JobModel model_of(const Profile& job, const PlacementRates* rates = nullptr);

// A changed job: the setup and factors that its simulation takes.
struct Scenario {
  LoaderSetup setup;
  WorkFactors factors;
  // Of single stages that were made faster: what is left of each. Their shares of
  // their class add up, which factors on the class would not.
  std::vector<std::pair<std::string, double>> part_left;
  double batch_ratio = 1;     // items in a batch, times the recorded
  double compute_factor = 1;  // on the step's own time
  double receive_factor = 1;  // on the hand-over of a batch to the consumer
  bool cap_stragglers = false;
  std::optional<DeviceWork> device;  // a placement's, for a batch of the recorded size
  int ranks = 1;
  bool at_most = false, whole_run = false;
  std::vector<std::string> assumptions;
};

Scenario as_it_is(const JobModel& model);

// Returns "" or why this change means nothing for this job (no such stage, ...).
std::string apply(const Change& change, const JobModel& model, Scenario& scenario);

}  // namespace datamon::report
