// What is a step of which loader, and where it ends.
#include <gtest/gtest.h>

#include "report/diagnosis_evidence.h"
#include "two_loaders.h"

namespace datamon::report {
namespace {

// Epochs of 40 steps (2 + 8 ms). Each ends with a wait that finds no more batches
// (50 ms: the workers stop), and a pause before the next one starts its own.
void train_epochs(TwoLoaders& job, int epochs, bool validate) {
  for (int epoch = 0; epoch < epochs; ++epoch) {
    job.consumer[1]->span(kInit, job.at_s, job.at_s + 0.030);
    job.at_s += 0.030;
    for (std::uint64_t i = 0; i < 40; ++i) job.step(1, i, 0.002, 0.008);
    job.consumer[1]->span(kWait, job.at_s, job.at_s + 0.050);
    job.at_s += 0.050 + 0.020;
    if (!validate) continue;
    for (std::uint64_t i = 0; i < 10; ++i) job.step(2, i, 0.005, 0.005);
    job.step(2, format::kNoId, 0.001, 0);
  }
}

TEST(Steps, TheWaitThatFindsTheEndOfAnEpochIsNoStep) {
  TwoLoaders job;
  train_epochs(job, 3, false);
  const Profile profile = build_profile(job.open(), {.loader = 1});
  const ConsumerProfile& consumer = profile.consumer;
  EXPECT_EQ(consumer.steps, 120u);
  EXPECT_EQ(consumer.step.size(), 120u);
  EXPECT_GE(consumer.steady_steps, 114u);
  EXPECT_LE(consumer.steady_steps, 118u);  // neither start-up nor an epoch's first ones
  EXPECT_NEAR(consumer.wait_s / consumer.steady_s, 0.2, 1e-3);
  EXPECT_NEAR(profile.steps_per_s, 100, 0.1);
  for (const Step& step : consumer.step) EXPECT_NE(step.batch, format::kNoId);
  // What it took is in the boundary: the wait, the pause, the start, the first wait.
  EXPECT_EQ(phases_of(profile, PhaseKind::kEpochBoundary), 2);
  EXPECT_NEAR(phase_s(profile, PhaseKind::kEpochBoundary), 2 * 0.102, 1e-3);
  EXPECT_NEAR(phase_s(profile, PhaseKind::kDrain), 0.050, 1e-3);
}

TEST(Steps, AnEpochThatAValidationPassFollowsHasOneBoundary) {
  TwoLoaders job;
  train_epochs(job, 3, true);
  const Recording recording = job.open();
  const Profile train = build_profile(recording, {.loader = 1});
  EXPECT_EQ(train.consumer.steps, 120u);
  EXPECT_NEAR(phase_s(train, PhaseKind::kIdle), 2 * 0.101, 1e-3);
  EXPECT_NEAR(phase_s(train, PhaseKind::kEpochBoundary), 2 * 0.102, 1e-3);
  EXPECT_EQ(epoch_boundaries(train.phases).count, 2u);
  EXPECT_NEAR(epoch_boundaries(train.phases).total_s, 2 * 0.102, 1e-3);
  const Profile validation = build_profile(recording, {.loader = 2});
  EXPECT_EQ(validation.consumer.steps, 30u);
  EXPECT_EQ(epoch_boundaries(validation.phases).count, 2u);
  EXPECT_NEAR(validation.consumer.wait_s / validation.consumer.steady_s, 0.5, 1e-3);
}

// Who counts batches does not wait for one after the last: nothing tells when that
// step ended but a compute span, if there is one.
TEST(Steps, ALastStepCountsIfItsEndIsKnown) {
  const auto run = [](double last_compute_s) {
    TwoLoaders job;
    for (std::uint64_t i = 0; i < 49; ++i) job.step(1, i, 0.002, 0.008);
    job.consumer[1]->span(kWait, job.at_s, job.at_s + 0.002, {.id = 49});
    job.at_s += 0.002;
    if (last_compute_s > 0)
      job.consumer[1]->span(kCompute, job.at_s, job.at_s + last_compute_s, {.id = 49});
    return build_profile(job.open(), {.loader = 1});
  };
  const Profile known = run(0.008), open = run(0), late = run(30);
  for (const Profile* profile : {&known, &open, &late}) {
    EXPECT_EQ(profile->consumer.steps, 50u);
    EXPECT_NEAR(profile->consumer.compute_s / profile->consumer.steady_s, 0.8, 1e-3);
  }
  EXPECT_EQ(open.consumer.steady_steps, known.consumer.steady_steps - 1);
  EXPECT_EQ(late.consumer.steady_steps, known.consumer.steady_steps - 1);
  EXPECT_NEAR(phase_s(late, PhaseKind::kDrain), 30, 0.1);
}

// Every tenth of 200 training steps (2 ms wait, 3 + 5 ms compute) holds a pass over
// the validation loader of 4 steps (10 + 15 ms), and goes on behind it.
Recording validate_inside(TwoLoaders& job, bool comes_back) {
  for (std::uint64_t i = 0; i < 200; ++i) {
    job.step(1, i, 0.002, 0.003);
    if (i % 10 == 9) {
      job.consumer[2]->span(kInit, job.at_s, job.at_s + 0.005);
      job.at_s += 0.005;
      for (std::uint64_t k = 0; k < 4; ++k) job.step(2, k, 0.010, 0.015);
      job.step(2, format::kNoId, 0.001, 0);
    }
    if (comes_back) job.consumer[1]->span(kCompute, job.at_s, job.at_s + 0.005, {.id = i});
    job.at_s += 0.005;
  }
  return job.open();
}

TEST(Steps, AValidationPassInsideAStepIsNotTheSteps) {
  TwoLoaders job;
  const Recording recording = validate_inside(job, true);
  const Profile train = build_profile(recording, {.loader = 1});
  EXPECT_EQ(train.consumer.steps, 200u);
  EXPECT_GE(train.consumer.steady_steps, 190u);
  EXPECT_NEAR(phase_s(train, PhaseKind::kIdle), 0, 1e-6);
  for (const Step& step : train.consumer.step) {
    EXPECT_NEAR(step.wait_s, 0.002, 1e-6);
    EXPECT_NEAR(step.compute_s, 0.008, 1e-6) << step.batch;
    EXPECT_NEAR(step.other_wait_s, step.batch % 10 == 9 ? 0.106 : 0, 1e-6) << step.batch;
  }
  const StageProfile* compute = stage_on(train, "compute", HandoffThread::kNone);
  ASSERT_NE(compute, nullptr);
  EXPECT_NEAR(compute->p99_ms, 5, 1.5);  // none of the passes' 15 ms
  const Profile validation = build_profile(recording, {.loader = 2});
  EXPECT_EQ(validation.consumer.steps, 80u);
  EXPECT_NEAR(validation.consumer.wait_s / validation.consumer.steady_s, 0.4, 1e-3);
  EXPECT_EQ(validation.consumer.other_wait_s, 0);
  EXPECT_NEAR(phase_s(validation, PhaseKind::kEpochBoundary), 19 * (0.001 + 0.005 + 0.010), 1e-3);
}

// Where single spans were not kept the sums say the same: 3 + 5 ms of compute a step
// and, in every second one, 25 ms of another loader.
TEST(Steps, PassesInsideTheStepsOfALongRunAddUp) {
  FileOptions options = TwoLoaders::options();
  options.most_stored_spans = 4000;
  options.span_block_bytes = 4096;
  test::TemporaryFolder folder;
  FileBuilder root(options);
  TrackBuilder& outer = root.track(kConsumer, 0, "main", 1);
  TrackBuilder& inner = root.track(kConsumer, 0, "main", 2);
  outer.record().tid = inner.record().tid = kTid;
  double at_s = 0.5;
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    outer.span(kWait, at_s, at_s + 0.002, {.id = i});
    outer.span(kCompute, at_s + 0.002, at_s + 0.005, {.id = i});
    at_s += 0.005;
    if (i % 2 == 1) {
      inner.span(kWait, at_s, at_s + 0.010, {.id = i / 2});
      inner.span(kCompute, at_s + 0.010, at_s + 0.025, {.id = i / 2});
      at_s += 0.025;
      outer.span(kCompute, at_s, at_s + 0.005, {.id = i});
    }
    at_s += 0.005;
  }
  root.write(folder.path());
  const Profile profile = build_profile(Recording::open(folder.path()), {.loader = 1});
  EXPECT_EQ(profile.consumer.steps, 10'000u);
  EXPECT_NEAR(profile.consumer.steady_s, 225, 3);
  EXPECT_NEAR(profile.consumer.wait_s / profile.consumer.steady_s, 2 / 22.5, 2e-3);
  EXPECT_NEAR(profile.consumer.other_wait_s / profile.consumer.steady_s, 12.5 / 22.5, 5e-3);
  EXPECT_NEAR(profile.consumer.compute_s / profile.consumer.steady_s, 8 / 22.5, 5e-3);
}

// A recording that does not say when the thread came back: the time is idle.
TEST(Steps, WithoutAWordOfItAStepEndsWhereAPassBegins) {
  TwoLoaders job;
  const Profile train = build_profile(validate_inside(job, false), {.loader = 1});
  EXPECT_NEAR(phase_s(train, PhaseKind::kIdle), 19 * (0.106 + 0.005), 1e-3);
  for (const Step& step : train.consumer.step) EXPECT_EQ(step.other_wait_s, 0);
}

// Every tenth step takes a batch (20 ms) of a second loader as well: it is part of
// the step, which waits for it 20 ms longer.
TEST(Steps, ABatchOfAnotherLoaderNowAndThenIsPartOfTheStep) {
  TwoLoaders job;
  for (std::uint64_t i = 0; i < 200; ++i) {
    job.step(1, i, 0.002, 0.003);
    if (i % 10 == 5) job.step(2, i / 10, 0.020, 0.005);
    job.at_s += 0.005;
  }
  const Profile train = build_profile(job.open(), {.loader = 1});
  EXPECT_NEAR(phase_s(train, PhaseKind::kIdle), 0, 1e-6);
  for (const Step& step : train.consumer.step) {
    EXPECT_NEAR(step.other_wait_s, step.batch % 10 == 5 ? 0.020 : 0, 1e-6);
    if (step.batch < 199) {
      EXPECT_NEAR(step.compute_s, step.batch % 10 == 5 ? 0.013 : 0.008, 1e-6);
    }
  }
}

// A loader that numbers nothing: each of its waits counts.
TEST(Steps, WaitsWithoutNumbersAreSteps) {
  TwoLoaders job;
  for (int i = 0; i < 50; ++i) job.step(1, i == 7 ? 7 : format::kNoId, 0.002, 0.008);
  EXPECT_EQ(build_profile(job.open(), {.loader = 1}).consumer.steps, 50u);
}

}  // namespace
}  // namespace datamon::report
