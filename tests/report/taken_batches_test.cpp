// Which batch each step took, in recordings whose truth is known.
#include "report/taken_batches.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "loader_model.h"
#include "temporary_folder.h"

namespace datamon::report {
namespace {

using namespace datamon::testing;

// Two ranks whose batches have the same numbers, in epochs that have them again.
TEST(TakenBatches, OfTwoRanksAndThreeEpochs) {
  test::TemporaryFolder folder;
  std::vector<LoaderTruth> truth;
  for (std::uint32_t rank = 0; rank < 2; ++rank) {
    LoaderModel model;
    model.workers = 3;
    model.epochs = 3;
    model.batches = 60;
    model.jitter = 0.5;
    model.rank = rank;
    model.world_size = 2;
    model.first_pid = 1000 + 100 * rank;
    model.is_root = rank == 0;
    model.seed = 1 + rank;
    truth.push_back(write_loader(folder.path(), model));
  }
  const Profile profile = build_profile(Recording::open(folder.path()));
  ASSERT_EQ(profile.job.ranks, 2);
  const std::vector<std::size_t> taken = taken_batches(profile);
  ASSERT_EQ(taken.size(), 2u * 180u);
  std::size_t known = 0, next[2] = {};
  for (std::size_t i = 0; i < taken.size(); ++i) {
    const Step& step = profile.consumer.step[i];
    ASSERT_LT(step.consumer, 2u);
    const LoaderTruth::Batch& batch = truth[step.consumer].batch[next[step.consumer]++];
    ASSERT_NEAR(step.start_s, batch.wait_from_s, 1e-6);
    if (taken[i] == kNoBatch) continue;
    ++known;
    const BatchSample& found = profile.batches[taken[i]];
    EXPECT_EQ(found.consumer, step.consumer);
    EXPECT_EQ(found.id, batch.id);
    EXPECT_EQ(found.worker, batch.worker);
    EXPECT_NEAR(found.start_s, batch.start_s, 1e-6);
  }
  EXPECT_EQ(known, profile.batches.size());
  EXPECT_GT(known, 300u);
}

// Of workers more spans are recorded than of the consumer, so that in the middle of a long
// run its steps are known and their makers are not: batches of the same number that an
// earlier epoch took are not theirs.
TEST(TakenBatches, NoneOfAnEarlierEpochWhereSpansWereNotKept) {
  test::TemporaryFolder folder;
  LoaderModel model;
  model.epochs = 6;
  model.batches = 100;
  model.respawn = false;
  model.jitter = 0.3;
  model.worker_stored_spans = 4000;  // of 10,200
  const LoaderTruth truth = write_loader(folder.path(), model);
  const Profile profile = build_profile(Recording::open(folder.path()));
  ASSERT_EQ(profile.consumer.step.size(), truth.batch.size());
  std::size_t known = 0;
  for (std::size_t i = 0; i < truth.batch.size(); ++i) {
    const Step& step = profile.consumer.step[i];
    if (step.ready_s < 0) continue;
    ++known;
    EXPECT_NEAR(step.ready_s, truth.batch[i].ready_s, 1e-6) << i;
  }
  EXPECT_GT(known, 200u);
  EXPECT_LT(known, 300u);
}

}  // namespace
}  // namespace datamon::report
