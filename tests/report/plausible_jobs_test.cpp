// Jobs as they are, of which more is easily said than is known.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <regex>
#include <string>

#include "advice.h"
#include "profile_model.h"
#include "report/diagnosis.h"
#include "report/diagnosis_evidence.h"
#include "report/forecast/candidates.h"
#include "report/reporter.h"

namespace datamon::report {
namespace {

using testing::advice;
using ::testing::Contains;
using ::testing::HasSubstr;
using testing::make_profile;
using ::testing::Not;
using testing::ProfileModel;
using testing::reasons;

std::string page(const Profile& profile) {
  return std::regex_replace(text_reporter({.width = 140})->render(profile, diagnose(profile)),
                            std::regex("\\s+"), " ");
}

// Of films, a batch takes what it takes. Of sixteen workers that made six batches each one
// always has the longest ones.
TEST(SlowWorker, IsNotNamedByChance) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    ProfileModel model;
    model.workers = 16;
    model.cores = 32;
    model.steps = 96;
    model.seed = seed;
    model.slowness = [seed](int batch, int) {
      const std::uint64_t mixed =
          (static_cast<std::uint64_t>(batch) + 1000 * seed) * 0x9E3779B97F4A7C15u;
      return std::exp(4 * (static_cast<double>(mixed >> 11) * 0x1p-53 - 0.5));  // 0.14 to 7.4
    };
    EXPECT_EQ(gather_evidence(make_profile(model)).makers.slow_worker, -1) << seed;
  }
}

TEST(SlowWorker, IsNamedWhereItsBatchesSaySo) {
  ProfileModel model;
  model.workers = 16;
  model.cores = 32;
  model.steps = 16 * 15;
  model.slowness = [](int, int worker) { return worker == 9 ? 1.8 : 1.0; };
  EXPECT_EQ(gather_evidence(make_profile(model)).makers.slow_worker, 9);
}

// The reason for the verdict is on the page.
TEST(Page, SaysWhyItIsTransferBound) {
  ProfileModel model;
  model.compute_s = 5e-3;
  model.transfer_s = 4e-3;
  const Profile profile = make_profile(model);
  ASSERT_EQ(diagnose(profile).verdict.label, Label::kTransferBound);
  EXPECT_THAT(page(profile), HasSubstr("transfers to the device take 44 %"));
  EXPECT_THAT(page(profile), Not(HasSubstr("the loader is not what limits it")));
}

TEST(Page, SaysWhyItIsBalanced) {
  ProfileModel model;
  model.workers = 2;
  model.compute_s = 2.25e-3;
  const Profile profile = make_profile(model);
  ASSERT_EQ(diagnose(profile).verdict.label, Label::kBalanced);
  EXPECT_THAT(page(profile), HasSubstr("of their time: a faster step would have to wait"));
}

// Epochs of a few batches: they come at once, and then the loop waits for the next epoch.
TEST(Page, DoesNotAcquitALoaderThatStartsAnewAllTheTime) {
  ProfileModel model;
  model.compute_s = 10e-3;
  Profile profile = make_profile(model);
  EXPECT_THAT(page(profile), HasSubstr("the loader is not what limits it."));
  const double end_s = profile.phases.back().end_s;
  profile.phases.push_back({PhaseKind::kEpochBoundary, end_s, 2 * end_s});
  ASSERT_EQ(diagnose(profile).verdict.label, Label::kComputeBound);
  EXPECT_THAT(page(profile), HasSubstr("Within an epoch the loop waits for data only"));
  EXPECT_THAT(page(profile), HasSubstr("there the loader is not what limits it."));
}

// PyTorch refuses persistent_workers=True with num_workers=0.
TEST(Epochs, WithoutWorkersNoneAreKept) {
  ProfileModel model;
  model.workers = 0;
  model.compute_s = 4e-3;
  model.steps = 40;
  Profile profile = make_profile(model);
  const double wait_s = gather_evidence(profile).step.wait_s;
  double at_s = profile.phases.back().end_s;
  for (int epoch = 0; epoch < 20; ++epoch, at_s += 2 * wait_s) {
    profile.phases.push_back({PhaseKind::kEpochBoundary, at_s, at_s + wait_s});
    profile.phases.push_back({PhaseKind::kSteady, at_s + wait_s, at_s + 2 * wait_s});
  }
  ASSERT_GT(epoch_boundaries(profile.phases).total_s, 0.1 * at_s);
  // The first batch of an epoch is made like any other.
  EXPECT_THAT(diagnose(profile).verdict.qualifiers, Not(Contains(Qualifier::kStartUp)));
  for (Phase& phase : profile.phases)
    if (phase.kind == PhaseKind::kEpochBoundary) phase.end_s += 10;
  EXPECT_THAT(diagnose(profile).verdict.qualifiers, Contains(Qualifier::kStartUp));
  EXPECT_THAT(advice(profile), HasSubstr("find what begins anew with each"));
  EXPECT_THAT(advice(profile), Not(HasSubstr("persistent_workers")));
}

// Gradients of eight batches, then the optimizer: the workers have nothing to do meanwhile,
// and the loop waits for them behind it.
TEST(Prefetch, EvensOutLongSteps) {
  ProfileModel model;
  model.workers = 1;
  model.compute_s = 2e-3;
  model.longer = [](int step) { return step % 8 == 7 ? 10.0 : 1.0; };
  const Profile profile = make_profile(model);
  Diagnosis diagnosis = diagnose(profile);
  ASSERT_TRUE(diagnosis.verdict.input_wait_share.low > 0.1) << reasons(profile);
  const ForecastSection section = forecast_section(profile, diagnosis);
  rank_by_forecast(diagnosis, section.forecasts);
  const auto deeper =
      std::find_if(diagnosis.remedies.begin(), diagnosis.remedies.end(), [](const Remedy& remedy) {
        return remedy.change.find("prefetch_factor=4") != std::string::npos;
      });
  ASSERT_NE(deeper, diagnosis.remedies.end());
  ASSERT_TRUE(deeper->forecast.has_value());
  EXPECT_GT(deeper->forecast->speedup.value, 1.05);
}

// Sixty-four workers were asked for 128 batches before the first step. That a hundred steps
// did not have to wait says little of those behind them.
TEST(FirstBatches, OfManyWorkersSayLittle) {
  ProfileModel model;
  model.workers = 64;
  model.cores = 64;
  model.steps = 100;
  model.compute_s = 5e-3;
  const Verdict few = diagnose(make_profile(model)).verdict;
  ASSERT_EQ(few.label, Label::kComputeBound);
  EXPECT_EQ(few.confidence, Confidence::kLow);
  EXPECT_THAT(few.doubts, Contains(HasSubstr("64 workers make 128 batches ahead")));
  model.steps = 400;
  EXPECT_EQ(diagnose(make_profile(model)).verdict.confidence, Confidence::kHigh);
}

// What is advised is what the forecast simulates, also where nobody noted the depth.
TEST(Prefetch, UnknownDepthIsTheDefault) {
  ProfileModel model;
  model.compute_s = 2e-3;
  model.slowness = [](int batch, int) { return batch % 23 == 7 ? 12.0 : 1.0; };
  Profile profile = make_profile(model);
  profile.job.prefetch = 0;
  EXPECT_THAT(advice(profile), HasSubstr("prefetch 4 batches a worker instead of 2"));
}

// Of a long run the stages' sums are of all steps, of which only some are known one by one.
TEST(LongRun, SumsOfStagesAreOfAllSteps) {
  ProfileModel model;
  model.receive_s = 3e-3;
  Profile whole = make_profile(model);
  Profile kept = whole;
  auto& steps = kept.consumer.step;
  steps.erase(steps.begin() + 50, steps.end() - 50);
  EXPECT_EQ(gather_evidence(kept).step.all_steps, 400);
  const StepEvidence of_whole = gather_evidence(whole).step, of_kept = gather_evidence(kept).step;
  EXPECT_NEAR(of_kept.wait_s, of_whole.wait_s, 1e-9);
  EXPECT_NEAR(of_kept.handover_s, of_whole.handover_s, 0.1 * of_whole.handover_s);
}

// Where the run changes in between, the single steps are not the judge of it.
TEST(LongRun, IsJudgedByAllSteps) {
  ProfileModel model;
  model.cost.decode = 12e-3;
  Profile profile = make_profile(model);
  ASSERT_EQ(diagnose(profile).verdict.label, Label::kDecodeBound);
  // A hundred times as many steps in the middle that did not wait.
  ConsumerProfile& consumer = profile.consumer;
  consumer.steps = consumer.steady_steps = 40'000;
  consumer.compute_s += 100 * consumer.steady_s;
  consumer.steady_s *= 101;
  for (WorkerProfile& worker : profile.workers) worker.alive_s *= 101;
  const Verdict verdict = diagnose(profile).verdict;
  EXPECT_EQ(verdict.label, Label::kComputeBound) << reasons(profile);
  EXPECT_NEAR(verdict.input_wait_share.value, consumer.wait_s / consumer.steady_s, 1e-9);
  EXPECT_LE(verdict.input_wait_share.low, verdict.input_wait_share.value);
  EXPECT_EQ(verdict.confidence, Confidence::kMedium);
  EXPECT_THAT(verdict.doubts, Contains(HasSubstr("the run changes")));
}

}  // namespace
}  // namespace datamon::report
