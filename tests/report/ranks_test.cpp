// Jobs of several ranks: what is said of each, and which of them the verdict is about.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <regex>
#include <string>
#include <vector>

#include "advice.h"
#include "profile_model.h"
#include "report/diagnosis.h"
#include "report/diagnosis_ranks.h"
#include "report/forecast/candidates.h"
#include "report/reporter.h"

namespace datamon::report {
namespace {

using testing::advice;
using testing::as_ranks;
using ::testing::HasSubstr;
using testing::make_profile;
using ::testing::Not;
using testing::ProfileModel;

Profile ranks_of(ProfileModel model, int count) {
  std::vector<Profile> ranks;
  for (int rank = 0; rank < count; ++rank) {
    model.seed = static_cast<std::uint64_t>(1 + rank);
    ranks.push_back(make_profile(model));
  }
  return as_ranks(ranks);
}

int num_workers(const std::string& remedies) {
  std::smatch found;
  return std::regex_search(remedies, found, std::regex("num_workers=([0-9]+)"))
             ? std::stoi(found[1])
             : -1;
}

// PyTorch's option is of one loader, and each rank has one.
TEST(RanksAdvice, CountsTheWorkersOfOneRank) {
  ProfileModel model;
  model.workers = 2;
  model.cores = 64;
  const int alone = num_workers(advice(make_profile(model)));
  ASSERT_GT(alone, 2);
  const Profile four = ranks_of(model, 4);
  EXPECT_EQ(num_workers(advice(four)), alone);
  EXPECT_THAT(advice(four), HasSubstr(" workers in each rank instead of 2 (PyTorch"));
  EXPECT_THAT(advice(make_profile(model)), Not(HasSubstr("rank")));
  // The forecast beside it is of the same number.
  const Diagnosis diagnosis = diagnose(four);
  EXPECT_EQ(diagnosis.remedies.front().simulated_as,
            std::vector<Change>({{ChangeKind::kWorkers, static_cast<double>(alone), ""}}));
}

TEST(RanksAdvice, RanksShareTheIdleCores) {
  ProfileModel model;
  model.workers = 2;
  model.cores = 12;
  const int four = num_workers(advice(ranks_of(model, 4)));
  EXPECT_LE(4 * four, 13);
  ProfileModel no_workers;
  no_workers.workers = 0;
  no_workers.cores = 8;
  no_workers.compute_s = 0.5e-3;
  EXPECT_EQ(num_workers(advice(ranks_of(no_workers, 4))), 2);
  EXPECT_EQ(num_workers(advice(make_profile(no_workers))), 8);
}

TEST(RanksAdvice, GivesBackWorkersOfEachRank) {
  ProfileModel model;
  model.compute_s = 40e-3;
  EXPECT_THAT(advice(ranks_of(model, 4)),
              HasSubstr("1 worker is enough in each rank instead of 4"));
}

// Eight ranks that go in step: the last one's loader is slow, and the others wait for it in
// their steps, where it looks like compute.
Profile one_slow_of(int count) {
  ProfileModel slow;
  slow.cost.decode = 8e-3;
  slow.compute_s = 1.3e-3;
  slow.cores = 64;
  const Profile held_up = make_profile(slow);
  ProfileModel quick;
  quick.cores = 64;
  quick.compute_s = 1 / held_up.steps_per_s - quick.receive_s;
  std::vector<Profile> ranks;
  for (int rank = 0; rank + 1 < count; ++rank) {
    quick.seed = static_cast<std::uint64_t>(2 + rank);
    ranks.push_back(make_profile(quick));
  }
  ranks.push_back(held_up);
  return as_ranks(ranks);
}

TEST(Ranks, TheOneThatHoldsTheOthersUpIsJudged) {
  const Profile job = one_slow_of(8);
  ASSERT_LT(job.consumer.wait_s / job.consumer.steady_s, 0.1);  // together
  const Diagnosis diagnosis = diagnose(job);
  const Verdict& verdict = diagnosis.verdict;
  EXPECT_EQ(verdict.label, Label::kDecodeBound);
  ASSERT_TRUE(verdict.rank.has_value());
  EXPECT_EQ(*verdict.rank, 7u);
  EXPECT_GT(verdict.input_wait_share.low, 0.3);
  EXPECT_THAT(verdict.why[1], HasSubstr("rank 7 holds the others up"));
  EXPECT_THAT(text_reporter({.width = 140})->render(job, diagnosis),
              HasSubstr("The loop of rank 7 waits for data"));
}

// The dear items are that rank's, not few among its own.
TEST(Ranks, WhatIsSlowInOneRankIsNoStraggler) {
  Profile job = one_slow_of(8);
  StageProfile fetch;
  fetch.name = "fetch";
  fetch.stage_class = StageClass::kFetch;
  fetch.count = 100'000;
  fetch.wall_s = 250;
  fetch.p50_ms = 1;
  fetch.p99_ms = 13;
  fetch.max_ms = 15;
  fetch.far_share = 0.125;
  job.stages.push_back(fetch);
  const Diagnosis diagnosis = diagnose(job);
  ASSERT_TRUE(diagnosis.verdict.rank.has_value());
  EXPECT_THAT(diagnosis.verdict.qualifiers, Not(::testing::Contains(Qualifier::kStragglerItems)));
  EXPECT_THAT(diagnosis.verdict.why[1], HasSubstr("its workers take 2.4x as long for a batch"));
  EXPECT_THAT(diagnosis.remedies.front().change, HasSubstr("the loader of rank 7"));
}

// Of that rank, whose loader is the limit, more workers help; of all together they would not.
TEST(Ranks, TheForecastIsOfTheOneThatHoldsTheOthersUp) {
  const Profile job = one_slow_of(4);
  const Forecaster forecaster(job);
  ASSERT_EQ(forecaster.why_not(), "");
  EXPECT_NEAR(forecaster.simulated_over_measured(), 1, 0.05);
  const auto more = forecaster.forecast({{ChangeKind::kWorkers, 8, ""}}).forecast;
  ASSERT_TRUE(more.has_value());
  EXPECT_GT(more->speedup.low, 1.3);
  EXPECT_EQ(forecaster.model().setup.workers, 4);
  EXPECT_NEAR(forecaster.measured_items_per_s(), job.items_per_s, 1e-6 * job.items_per_s);
}

TEST(Ranks, AlikeOrIndependentOnesAreJudgedTogether) {
  ProfileModel model;
  EXPECT_FALSE(slowest_consumer(ranks_of(model, 4)).has_value());
  ProfileModel other = model;
  other.compute_s = 10e-3;  // goes its own way
  const Profile job = as_ranks({make_profile(model), make_profile(other)});
  EXPECT_FALSE(slowest_consumer(job).has_value());
  EXPECT_FALSE(slowest_consumer(make_profile(model)).has_value());
}

// As much of each stage as the rank's workers took.
TEST(Ranks, AProfileOfOneRank) {
  ProfileModel model;
  const Profile alone = make_profile(model);
  const Profile job = as_ranks({alone, alone, alone});
  const Profile one = of_consumer(job, 1);
  EXPECT_EQ(one.workers.size(), alone.workers.size());
  EXPECT_EQ(one.batches.size(), alone.batches.size());
  EXPECT_EQ(one.consumer.steady_steps, alone.consumer.steady_steps);
  EXPECT_NEAR(one.consumer.wait_s, alone.consumer.wait_s, 1e-9);
  EXPECT_NEAR(one.consumer.steady_s, alone.consumer.steady_s, 1e-9);
  for (std::size_t i = 0; i < one.stages.size(); ++i)
    EXPECT_NEAR(one.stages[i].self_s, alone.stages[i].self_s, 1e-6) << one.stages[i].name;
  // Its workers decode five times as long as the others'.
  Profile uneven = job;
  for (WorkerProfile& worker : uneven.workers) {
    worker.self_s.assign(kStageClasses, 1.0);
    if (worker.consumer == 1) worker.self_s[static_cast<std::size_t>(StageClass::kDecode)] = 5;
  }
  const auto decode_s = [](const Profile& profile) {
    for (const StageProfile& stage : profile.stages)
      if (stage.name == "decode") return stage.self_s;
    return 0.0;
  };
  EXPECT_NEAR(decode_s(of_consumer(uneven, 1)), decode_s(job) * 5 / 7, 1e-9);
}

}  // namespace
}  // namespace datamon::report
