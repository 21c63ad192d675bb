// What epoch boundaries leave of a gain: between epochs workers start and make their first
// batches, which a change makes longer or shorter by other factors than the steps.
//
// Pure. Times are seconds, of one rank.
#pragma once

#include "report/forecast/drawing.h"
#include "report/forecast/job_model.h"
#include "report/interval.h"

namespace datamon::report {

// From workers that run to the first batch of an epoch, mean, as simulated.
double first_batch_s(LoaderSetup setup, const Series& series);

struct WholeRun {
  double steady_s = 0;
  double boundaries_s = 0;
  Interval boundaries_after_s;  // after the change

  // A gain of the steady rate as one of the whole run's.
  double gain(double steady, double boundaries_after) const {
    return (steady_s + boundaries_s) / (steady_s / steady + boundaries_after);
  }
};

// `first_batch_gain`: first_batch_s() as it is over that after the change. Whether workers start
// one after the other, as with fork, or at once is not recorded: more of them need as long as
// before at best, and at worst so much longer as they are more. The value is between.
WholeRun whole_run(const JobModel& model, const Scenario& scenario, double first_batch_gain);

}  // namespace datamon::report
