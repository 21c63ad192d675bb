// Batch numbers start again with each epoch and are the same in every rank: what
// belongs together is not told by them alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "profile_model.h"
#include "report/diagnosis.h"
#include "report/diagnosis_evidence.h"
#include "report/taken_batches.h"

namespace datamon::report {
namespace {

using testing::as_ranks;
using ::testing::Contains;
using testing::make_profile;
using ::testing::Not;
using testing::number_by_epoch;
using testing::ProfileModel;

bool one_in(int n, int batch) {
  return (static_cast<std::uint64_t>(batch) * 2654435761u >> 16) % static_cast<unsigned>(n) == 0;
}

// Twenty epochs in which any batch may be slow, which prefetching hides: the loop waits
// for unpacking alone.
ProfileModel hidden_stragglers() {
  ProfileModel model;
  model.receive_s = 3e-3;
  model.slowness = [](int batch, int) { return one_in(20, batch) ? 3.0 : 1.0; };
  return model;
}

TEST(Epochs, BatchesThatWereSlowInAnotherEpochAreNoStragglers) {
  Profile profile = make_profile(hidden_stragglers());
  const Evidence once = gather_evidence(profile);
  ASSERT_GT(once.makers.straggler_share, 0.02);
  ASSERT_LT(once.makers.straggler_wait_share, 0.15);
  number_by_epoch(profile, 20);
  const Evidence again = gather_evidence(profile);
  EXPECT_DOUBLE_EQ(again.makers.straggler_wait_share, once.makers.straggler_wait_share);
  EXPECT_THAT(diagnose(profile).verdict.qualifiers, Not(Contains(Qualifier::kStragglerItems)));
}

// Ready times that nobody knows leave the order of time.
TEST(Epochs, WithoutHandOverTimesTheLatestBatchOfTheNumberCounts) {
  Profile profile = make_profile(hidden_stragglers());
  const double once = gather_evidence(profile).makers.straggler_wait_share;
  number_by_epoch(profile, 20);
  for (Step& step : profile.consumer.step) step.ready_s = -1;
  for (BatchSample& batch : profile.batches) batch.ready_s = -1;
  EXPECT_DOUBLE_EQ(gather_evidence(profile).makers.straggler_wait_share, once);
}

// Without workers too: a batch is made inside the wait for it.
TEST(Epochs, ConsumersThatMakeTheirBatches) {
  ProfileModel model = hidden_stragglers();
  model.workers = 0;
  Profile profile = make_profile(model);
  const double once = gather_evidence(profile).makers.straggler_wait_share;
  EXPECT_GT(once, 0.05);
  number_by_epoch(profile, 20);
  EXPECT_DOUBLE_EQ(gather_evidence(profile).makers.straggler_wait_share, once);
}

// A batch that was not kept is not replaced by one of an earlier epoch.
TEST(Epochs, ABatchIsTakenOnce) {
  Profile profile = make_profile({});
  number_by_epoch(profile, 20);
  profile.batches.erase(profile.batches.begin() + 100, profile.batches.begin() + 140);
  for (const bool ready_known : {true, false}) {
    if (!ready_known)
      for (Step& step : profile.consumer.step) step.ready_s = -1;
    const std::vector<std::size_t> taken = taken_batches(profile);
    for (std::size_t i = 0; i < taken.size(); ++i) {
      const std::size_t expected = i < 100 ? i : i < 140 ? kNoBatch : i - 40;
      ASSERT_EQ(taken[i], expected) << i;
    }
  }
}

// Few batches are slow to read, and the loop waits for those alone; the others decode.
TEST(Epochs, WhatIsWaitedForIsRankedByItsOwnBatches) {
  ProfileModel model;
  model.compute_s = 4e-3;
  model.cost = {.read = 0.2e-3, .decode = 6e-3};
  model.slowness = [](int batch, int) { return batch % 23 == 7 ? 10.0 : 1.0; };
  Profile profile = make_profile(model);
  for (BatchSample& batch : profile.batches) {
    if (batch.id % 23 != 7) continue;
    double& read_s = batch.self_s[static_cast<std::size_t>(StageClass::kRead)];
    double& decode_s = batch.self_s[static_cast<std::size_t>(StageClass::kDecode)];
    read_s += 0.9 * decode_s;
    decode_s *= 0.1;
  }
  ASSERT_EQ(diagnose(profile).verdict.label, Label::kIoBound);
  number_by_epoch(profile, 20);
  EXPECT_EQ(diagnose(profile).verdict.label, Label::kIoBound);
}

TEST(Ranks, BatchesOfOneNumberAreTheirRanksOwn) {
  std::vector<Profile> ranks;
  for (const std::uint64_t seed : {1, 2}) {
    ProfileModel model = hidden_stragglers();
    model.seed = seed;
    if (seed == 2) model.slowness = nullptr;
    ranks.push_back(make_profile(model));
  }
  const Profile job = as_ranks(ranks);
  const std::vector<double> waits = waits_for_batches(job);
  ASSERT_EQ(waits.size(), job.batches.size());
  for (std::size_t i = 0; i < waits.size(); ++i) {
    const std::size_t in_rank = i % 400;
    ASSERT_DOUBLE_EQ(waits[i], ranks[i / 400].consumer.step[in_rank].wait_s) << i;
  }
}

// Ranks go in step, so the others' batches lie ready while one rank waits for its own:
// those cannot be taken in its place.
TEST(Ranks, BatchesOfOtherRanksAreNoLaterOnes) {
  ProfileModel slow;
  slow.workers = slow.prefetch = 1;
  slow.receive_s = slow.compute_s = 1e-3;
  ProfileModel quick = slow;
  quick.cost = {.read = 0.2e-3, .decode = 1e-3, .transform = 0.2e-3};
  quick.receive_s = 0.05e-3;
  quick.compute_s = 5.4e-3;
  const Profile job = as_ranks({make_profile(slow), make_profile(quick)});
  const Evidence evidence = gather_evidence(job);
  ASSERT_LT(*evidence.makers.busy_share, 0.9);
  EXPECT_EQ(evidence.step.out_of_order_share, 0);
  const Verdict verdict = diagnose(job).verdict;
  ASSERT_EQ(verdict.label, Label::kDecodeBound);
  EXPECT_THAT(verdict.qualifiers, Not(Contains(Qualifier::kOutOfOrderWait)));
}

// What each rank finds for itself is added up.
TEST(Ranks, OutOfOrderWaitsOfRanksAddUp) {
  std::vector<Profile> ranks;
  double apart_s = 0, wait_s = 0;
  for (const std::uint64_t seed : {1, 2}) {
    ProfileModel model;
    model.seed = seed;
    model.slowness = [](int, int worker) { return worker == 2 ? 4.0 : 1.0; };
    ranks.push_back(make_profile(model));
    const StepEvidence step = gather_evidence(ranks.back()).step;
    ASSERT_GT(step.out_of_order_share, 0.25);
    apart_s += step.out_of_order_share * step.wait_s;
    wait_s += step.wait_s;
  }
  const Profile job = as_ranks(ranks);
  EXPECT_NEAR(gather_evidence(job).step.out_of_order_share, apart_s / wait_s, 1e-9);
  EXPECT_THAT(diagnose(job).verdict.qualifiers, Contains(Qualifier::kOutOfOrderWait));
}

// Stragglers of the workers with one number in two ranks are not one worker's.
TEST(Ranks, WorkersOfOneNumberAreDifferentOnes) {
  std::vector<Profile> ranks;
  for (const int slow : {-1, 2}) {
    ProfileModel model;
    model.slowness = [slow](int batch, int worker) {
      return worker == slow ? 4.0 : batch % 40 == 2 ? 12.0 : 1.0;
    };
    ranks.push_back(make_profile(model));
  }
  const MakerEvidence both = gather_evidence(as_ranks(ranks)).makers;
  EXPECT_EQ(both.slow_worker_name, "worker 2 of rank 1");
  EXPECT_EQ(gather_evidence(ranks[1]).makers.slow_worker_name, "worker 2");
  EXPECT_EQ(gather_evidence(as_ranks({ranks[0], ranks[0]})).makers.straggler_workers, 2);
}

}  // namespace
}  // namespace datamon::report
