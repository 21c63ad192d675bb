// The model of a job of several ranks, whose workers have the same numbers.
#include <gtest/gtest.h>

#include "profile_model.h"
#include "report/forecast/job_model.h"

namespace datamon::report {
namespace {

using datamon::testing::as_ranks;
using datamon::testing::make_profile;
using datamon::testing::ProfileModel;

double whole_s(const RecordedBatch& batch) {
  double sum_s = 0;
  for (std::size_t k = 0; k < kStageClasses; ++k)
    sum_s += batch.storage_s[k] + batch.delay_s[k] + batch.cpu_s[k];
  return sum_s;
}

// One rank's worker 1 is slow, whichever rank that is: it stays slow, and its work and
// nobody else's is told as what it would be for another worker.
TEST(ForecastRanks, ASlowWorkerIsOneRanksAlone) {
  ProfileModel usual;
  usual.workers = 2;
  ProfileModel slow = usual;
  slow.slowness = [](int, int worker) { return worker == 1 ? 3.0 : 1.0; };
  for (const bool first : {true, false}) {
    const JobModel model = model_of(first ? as_ranks({make_profile(slow), make_profile(usual)})
                                          : as_ranks({make_profile(usual), make_profile(slow)}));
    ASSERT_EQ(model.why_not, "");
    ASSERT_EQ(model.setup.worker_factor.size(), 2u);
    EXPECT_EQ(model.setup.worker_factor[0], 1);
    EXPECT_NEAR(model.setup.worker_factor[1], 3, 0.15);
    ASSERT_EQ(model.batches.size(), 800u);
    for (const RecordedBatch& batch : model.batches)
      ASSERT_NEAR(whole_s(batch), 4.4e-3, 0.15 * 4.4e-3);
  }
}

}  // namespace
}  // namespace datamon::report
