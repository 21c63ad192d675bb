// What the throughput of a recorded job would be after a change.
//
//     const Forecaster forecaster(profile);
//     const auto answer = forecaster.forecast({{ChangeKind::kWorkers, 8, ""}});
//
// forecast = measured * simulated after / simulated as it is. The interval comes
// from resampling what was recorded, and from how far the simulation of the job
// as it is lies from what was measured: an error there is one to reckon with
// after the change, too. What is assumed and what cannot be known:
// docs/forecast.md. Deterministic. Thread-safety: const members may be called
// from several threads at once.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/forecast/bounds.h"
#include "report/forecast/drawing.h"
#include "report/forecast/job_model.h"

namespace datamon::report {

// What a gain is of: the run, of which epoch boundaries are part if they count
// (Forecaster::counts_boundaries), or what lies between them.
enum class Over { kRun, kSteady };

struct ForecastAnswer {
  std::optional<Forecast> forecast;
  std::string why_not;  // when there is none
};

class Forecaster {
 public:
  // `rates`: of placements, or null: then those on the GPU are upper bounds.
  explicit Forecaster(const Profile& profile, const PlacementRates* rates = nullptr);

  // "" if forecasts can be made; else why not.
  const std::string& why_not() const { return model_.why_not; }

  // The changes are made one after the other, then all of them are simulated.
  ForecastAnswer forecast(const std::vector<Change>& changes, Over over = Over::kRun) const;

  // Steady, all ranks.
  double measured_items_per_s() const { return measured_items_per_s_; }
  // Epoch boundaries take so much that all forecasts are of the whole run.
  bool counts_boundaries() const;
  // A steady rate as that of the whole run with the epoch boundaries as they are, if they
  // count; else the same.
  double with_boundaries(double items_per_s) const;
  // How the simulation of the job as it is compares with what was measured: its
  // steps per second over the measured ones; 1 is right.
  double simulated_over_measured() const { return simulated_over_measured_; }
  // Capacities of the resources as it is, in items a second, all ranks.
  const Bounds& bounds() const { return bounds_; }
  // The same after changes: as if nothing but that resource were slow, with the
  // simulation's error taken out as in a forecast. No forecast is above the consumer's.
  Bounds bounds_after(const std::vector<Change>& changes) const;
  const JobModel& model() const { return model_; }

 private:
  // How other programs share the cores with the job. That cannot be seen from
  // one recording, so all that explain it are simulated.
  struct Sharing {
    double other_groups = 0, other_threads = 0;  // see LoaderSetup
    LoaderSetup on(LoaderSetup setup) const;
  };
  struct Rates {
    double as_it_is = 0, after = 0;  // steps a second
    double gain() const { return after / as_it_is; }
  };
  Rates rates(const Scenario& scenario, const Sharing& sharing, const Positions& batches,
              const Positions& steps) const;
  double spread_of_gain(const Scenario& scenario, double& spread_of_rate) const;
  double storage_gain(double busy_share, const Scenario& scenario, const Positions& batches,
                      const Positions& steps) const;
  // Of the makers' time on or waiting for a core, after the change.
  double core_wait_share(const Scenario& scenario, const Positions& batches,
                         const Positions& steps) const;
  void find_sharing(const Profile& profile);
  Bounds scaled(const Bounds& bounds, double batch_ratio, int ranks) const;
  std::optional<Scenario> scenario_of(const std::vector<Change>& changes,
                                      std::string& why_not) const;

  JobModel model_;
  std::vector<Sharing> sharings_{1};  // the likelier one first
  double measured_items_per_s_ = 0;
  double simulated_over_measured_ = 1;
  double first_batch_s_ = 0;  // of an epoch, simulated as it is
  Bounds bounds_;
};

}  // namespace datamon::report
