// Recordings of jobs with several data loaders, and of workers and consumers
// with hand-off threads: what belongs to whom, and what is to blame.
#include <gtest/gtest.h>

#include <cmath>
#include <deque>

#include "loader_model.h"
#include "recording_builder.h"
#include "report/diagnosis.h"
#include "report/diagnosis_evidence.h"
#include "report/loader_overview.h"
#include "report/reporter.h"
#include "temporary_folder.h"

namespace datamon::report {
namespace {

using namespace datamon::testing;

constexpr std::uint32_t kTid = 4711;

// The consumer's thread with a track for each loader, and workers as processes.
struct TwoLoaders {
  TwoLoaders() : root(options()) {
    for (std::uint32_t loader = 1; loader <= 2; ++loader) {
      consumer[loader] = &root.track(kConsumer, 0, "main", loader);
      consumer[loader]->record().tid = kTid;
    }
    root.note("loader.1.name", "train");
    root.note("loader.2.name", "validation: photos");
    root.note("loader.workers", "7");
    root.note("loader.2.workers", "1");
  }
  static FileOptions options() {
    FileOptions options;
    options.pid = 100;
    options.is_root = true;
    return options;
  }

  // One step that waits and computes for so long, at `at_s` and then on.
  void step(std::uint32_t loader, std::uint64_t id, double wait_s, double compute_s) {
    consumer[loader]->span(kWait, at_s, at_s + wait_s, {.id = id});
    consumer[loader]->span(kCompute, at_s + wait_s, at_s + wait_s + compute_s);
    at_s += wait_s + compute_s;
  }

  // A worker's process for a while; it makes batches all the time.
  void worker(std::uint32_t loader, std::uint32_t index, double from_s, double to_s) {
    FileOptions options;
    options.pid = next_pid++;
    options.parent_pid = 100;
    options.start_s = from_s;
    options.end_state = format::EndState::kOpen;
    FileBuilder& file = workers.emplace_back(options);
    TrackBuilder& track = file.track(kWorker, index, "worker", loader);
    track.start(from_s);
    std::uint64_t id = 0;
    for (double at = from_s; at + 0.01 < to_s; at += 0.01) {
      track.span(kDecode, at, at + 0.008);
      track.span(kCollate, at + 0.008, at + 0.009, {.id = id});
      track.span(kSend, at + 0.009, at + 0.0095, {.id = id++});
    }
    track.finish(to_s);
  }

  Recording open() {
    root.write(folder.path());
    for (const FileBuilder& file : workers) file.write(folder.path());
    return Recording::open(folder.path());
  }

  test::TemporaryFolder folder;
  FileBuilder root;
  TrackBuilder* consumer[3] = {};
  std::deque<FileBuilder> workers;
  std::uint32_t next_pid = 200;
  double at_s = 0.5;
};

double phase_s(const Profile& profile, PhaseKind kind) {
  double sum_s = 0;
  for (const Phase& phase : profile.phases)
    if (phase.kind == kind) sum_s += phase.end_s - phase.start_s;
  return sum_s;
}

const StageProfile* stage_on(const Profile& profile, const std::string& name,
                             HandoffThread thread) {
  for (const StageProfile& stage : profile.stages)
    if (stage.name == name && stage.thread == thread) return &stage;
  return nullptr;
}

int phases_of(const Profile& profile, PhaseKind kind) {
  int count = 0;
  for (const Phase& phase : profile.phases) count += phase.kind == kind;
  return count;
}

// Three epochs of 100 training steps (2 + 8 ms), each followed by a validation
// pass of 50 steps (30 + 5 ms) with a worker of its own.
void train_and_validate(TwoLoaders& job) {
  for (int epoch = 0; epoch < 3; ++epoch) {
    if (epoch == 0) job.worker(1, 0, 0.1, 10);
    for (std::uint64_t i = 0; i < 100; ++i) job.step(1, i, 0.002, 0.008);
    job.worker(2, 0, job.at_s + 0.001, job.at_s + 2);
    job.consumer[2]->span(kInit, job.at_s, job.at_s + 0.1);
    job.at_s += 0.1;
    for (std::uint64_t i = 0; i < 50; ++i) job.step(2, i, 0.030, 0.005);
  }
}

TEST(Loaders, AValidationPassIsNoStepOfTraining) {
  TwoLoaders job;
  train_and_validate(job);
  const Profile train = build_profile(job.open(), {.loader = 1});
  EXPECT_EQ(train.loader_name, "train");
  EXPECT_EQ(train.job.workers, 7);
  EXPECT_EQ(train.consumer.steps, 300u);
  EXPECT_GE(train.consumer.steady_steps, 296u);
  EXPECT_NEAR(train.consumer.wait_s / train.consumer.steady_s, 0.2, 1e-3);
  EXPECT_NEAR(train.consumer.compute_s / train.consumer.steady_s, 0.8, 1e-3);
  EXPECT_EQ(train.consumer.other_wait_s, 0);
  for (const Step& step : train.consumer.step)
    EXPECT_NEAR(step.wait_s + step.compute_s, 0.010, 1e-6);
  // Batch numbers start again behind each pass.
  EXPECT_EQ(phases_of(train, PhaseKind::kEpochBoundary), 2);
  EXPECT_LT(phase_s(train, PhaseKind::kEpochBoundary), 0.01);
  EXPECT_NEAR(phase_s(train, PhaseKind::kIdle), 2 * (0.1 + 50 * 0.035), 0.01);
  EXPECT_EQ(train.workers.size(), 1u);
}

TEST(Loaders, ATrainingEpochIsNoStepOfValidation) {
  TwoLoaders job;
  train_and_validate(job);
  const Profile validation = build_profile(job.open(), {.loader = 2});
  EXPECT_EQ(validation.loader_name, "validation: photos");
  EXPECT_EQ(validation.job.workers, 1);
  EXPECT_EQ(validation.consumer.steps, 150u);
  EXPECT_GE(validation.consumer.steady_steps, 146u);
  EXPECT_NEAR(validation.consumer.wait_s / validation.consumer.steady_s, 30.0 / 35, 1e-3);
  // Its first batch came 0.13 s after the thread turned to it, not after an epoch of training.
  EXPECT_NEAR(validation.consumer.first_batch_s, 0.13, 2e-3);
  EXPECT_NEAR(phase_s(validation, PhaseKind::kIdle), 0.5 + 3 * 1.0, 0.03);
  EXPECT_EQ(phases_of(validation, PhaseKind::kEpochBoundary), 2);
  EXPECT_NEAR(phase_s(validation, PhaseKind::kEpochBoundary), 2 * 0.13, 0.01);
  // Three processes took turns at one worker's place.
  ASSERT_EQ(validation.workers.size(), 1u);
  EXPECT_EQ(validation.workers[0].pid, 203u);
}

TEST(Loaders, TheReportIsAboutTheOneThatIsWaitedForLongest) {
  TwoLoaders job;
  train_and_validate(job);
  const Recording recording = job.open();
  const Profile profile = build_profile(recording);
  EXPECT_EQ(profile.loader, 2);
  EXPECT_EQ(profile.loaders, (std::vector<int>{2, 1}));
  Diagnosis diagnosis = diagnose(profile);
  add_loaders(recording, profile, diagnosis);
  ASSERT_EQ(diagnosis.loaders.size(), 2u);
  EXPECT_EQ(diagnosis.loaders[0].number, 2);
  EXPECT_EQ(diagnosis.loaders[1].name, "train");
  EXPECT_EQ(diagnosis.loaders[1].steps, 300u);
  EXPECT_NEAR(diagnosis.loaders[1].input_wait_share, 0.2, 1e-3);
  EXPECT_EQ(diagnosis.loaders[1].label, Label::kDecodeBound);
  const std::string text = text_reporter({})->render(profile, diagnosis);
  EXPECT_NE(text.find("2 validation: photos  (above)"), std::string::npos) << text;
  EXPECT_NE(text.find("datamon report --loader 1"), std::string::npos);
}

TEST(Loaders, AreFoundByNumberAndName) {
  TwoLoaders job;
  job.step(1, 0, 0.1, 0.1);
  job.step(2, 0, 0.2, 0.1);
  const auto names = loader_names(job.open());
  ASSERT_EQ(names.size(), 2u);
  EXPECT_EQ(names[0].number, 2);
  EXPECT_EQ(find_loader(names, "1"), 1);
  EXPECT_EQ(find_loader(names, "train"), 1);
  EXPECT_EQ(find_loader(names, "validation"), 2);
  EXPECT_EQ(find_loader(names, "validation: photos"), 2);
  for (const char* none : {"3", "", "valid!", "-1", "photos"})
    EXPECT_FALSE(find_loader(names, none)) << none;
  EXPECT_FALSE(find_loader({{1, "train a"}, {2, "train b"}}, "train"));
  EXPECT_EQ(find_loader({{1, "train"}, {2, "train b"}}, "train"), 1);
}

// Two loaders zipped: each step waits 2 ms for the first, 6 ms for the second
// and computes for 12 ms.
TEST(Loaders, AZippedLoadersWaitIsNeitherWaitNorComputeOfTheOther) {
  for (const bool compute : {true, false}) {
    TwoLoaders job;
    for (std::uint64_t i = 0; i < 300; ++i) {
      job.step(1, i, 0.002, 0);
      job.consumer[2]->span(kWait, job.at_s, job.at_s + 0.006, {.id = i});
      if (compute) job.consumer[2]->span(kCompute, job.at_s + 0.006, job.at_s + 0.018);
      job.at_s += 0.018;
    }
    const Recording recording = job.open();
    for (const int loader : {1, 2}) {
      const Profile profile = build_profile(recording, {.loader = loader});
      const ConsumerProfile& consumer = profile.consumer;
      EXPECT_EQ(consumer.steps, 300u);
      EXPECT_GE(consumer.steady_steps, 296u) << loader;
      EXPECT_NEAR(consumer.wait_s / consumer.steady_s, loader == 1 ? 0.1 : 0.3, 1e-3);
      EXPECT_NEAR(consumer.other_wait_s / consumer.steady_s, loader == 1 ? 0.3 : 0.1, 1e-3);
      EXPECT_NEAR(consumer.compute_s / consumer.steady_s, 0.6, 1e-3);
      EXPECT_NEAR(phase_s(profile, PhaseKind::kIdle), 0, 1e-6);
      EXPECT_EQ(phases_of(profile, PhaseKind::kEpochBoundary), 0);
      const Diagnosis diagnosis = diagnose(profile);
      EXPECT_NEAR(diagnosis.verdict.input_wait_share.value, loader == 1 ? 0.1 : 0.3, 1e-3);
      bool said = false;
      for (const std::string& line : diagnosis.verdict.why)
        said = said || line.find("goes to other data loaders") != std::string::npos;
      EXPECT_TRUE(said || loader == 2);  // a tenth is not worth a word
    }
    EXPECT_EQ(build_profile(recording).loader, 2);
  }
}

// The second loader is shorter: each time it ends, its start-up work and a second
// wait fall into one step of the first.
TEST(Loaders, AZippedLoaderThatStartsAgainIsNoValidationPass) {
  TwoLoaders job;
  for (std::uint64_t i = 0; i < 300; ++i) {
    job.step(1, i, 0.002, 0);
    if (i % 50 == 49) {
      job.step(2, format::kNoId, 0.0001, 0);
      job.consumer[2]->span(kInit, job.at_s, job.at_s + 0.05);
      job.at_s += 0.05;
    }
    job.step(2, i % 50, 0.006, 0.012);
  }
  const Profile profile = build_profile(job.open(), {.loader = 1});
  EXPECT_NEAR(phase_s(profile, PhaseKind::kIdle), 0, 1e-6);
  EXPECT_GE(profile.consumer.steady_steps, 296u);
  const double steps = static_cast<double>(profile.consumer.steady_steps);
  EXPECT_NEAR(profile.consumer.compute_s / steps, 0.012, 1e-4);
  EXPECT_NEAR(profile.consumer.other_wait_s / steps, 0.006 + 0.0501 / 50, 2e-4);
}

// Where the spans of a long run were not kept one by one, the sums say the same.
TEST(Loaders, ZippedLoadersOfALongRunAddUp) {
  FileOptions options = TwoLoaders::options();
  options.most_stored_spans = 4000;
  options.span_block_bytes = 4096;
  test::TemporaryFolder folder;
  FileBuilder root(options);
  TrackBuilder& first = root.track(kConsumer, 0, "main", 1);
  TrackBuilder& second = root.track(kConsumer, 0, "main", 2);
  first.record().tid = second.record().tid = kTid;
  double at_s = 0.5;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    first.span(kWait, at_s, at_s + 0.002, {.id = i});
    second.span(kWait, at_s + 0.002, at_s + 0.008, {.id = i});
    second.span(kCompute, at_s + 0.008, at_s + 0.02);
    at_s += 0.02;
  }
  root.write(folder.path());
  const Recording recording = Recording::open(folder.path());
  for (const int loader : {1, 2}) {
    const Profile profile = build_profile(recording, {.loader = loader});
    EXPECT_EQ(profile.consumer.steps, 20'000u);
    EXPECT_NEAR(profile.consumer.steady_s, 400, 4);
    EXPECT_NEAR(profile.consumer.wait_s / profile.consumer.steady_s, loader == 1 ? 0.1 : 0.3, 2e-3);
    EXPECT_NEAR(profile.consumer.other_wait_s / profile.consumer.steady_s, loader == 1 ? 0.3 : 0.1,
                2e-3);
    for (const Step& step : profile.consumer.step) {
      if (step.steady) {
        EXPECT_NEAR(step.compute_s, 0.012, 1e-5) << step.batch;
      }
    }
  }
}

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

TEST(Loaders, TheWaitThatFindsTheEndOfAnEpochIsNoStep) {
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

TEST(Loaders, AnEpochThatAValidationPassFollowsHasOneBoundary) {
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
TEST(Loaders, ALastStepCountsIfItsEndIsKnown) {
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

TEST(Loaders, AValidationPassInsideAStepIsNotTheSteps) {
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
TEST(Loaders, PassesInsideTheStepsOfALongRunAddUp) {
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
TEST(Loaders, WithoutAWordOfItAStepEndsWhereAPassBegins) {
  TwoLoaders job;
  const Profile train = build_profile(validate_inside(job, false), {.loader = 1});
  EXPECT_NEAR(phase_s(train, PhaseKind::kIdle), 19 * (0.106 + 0.005), 1e-3);
  for (const Step& step : train.consumer.step) EXPECT_EQ(step.other_wait_s, 0);
}

// Every tenth step takes a batch (20 ms) of a second loader as well: it is part of
// the step, which waits for it 20 ms longer.
TEST(Loaders, ABatchOfAnotherLoaderNowAndThenIsPartOfTheStep) {
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
TEST(Loaders, WaitsWithoutNumbersAreSteps) {
  TwoLoaders job;
  for (int i = 0; i < 50; ++i) job.step(1, i == 7 ? 7 : format::kNoId, 0.002, 0.008);
  EXPECT_EQ(build_profile(job.open(), {.loader = 1}).consumer.steps, 50u);
}

TEST(Loaders, WhatTheJobCouldNotRecordIsShownOnce) {
  TwoLoaders job;
  job.step(1, 0, 0.1, 0.1);
  for (const char* why : {"no decode stage", "a", "b", "c", "no decode stage"})
    job.root.note("job.incomplete", why);
  job.root.note("job.adapter", "torch 9");
  job.root.note("loader.1.persistent_workers", "0");
  job.root.note("loader.1.pin_memory", "1");
  job.root.note("loader.1.start_method", "spawn");
  job.root.note("loader.1.dataset", "ImageFolder");
  const Profile profile = build_profile(job.open(), {.loader = 1});
  ASSERT_EQ(profile.problems.size(), 4u);
  EXPECT_EQ(profile.problems[0].what, "not recorded in full: no decode stage");
  EXPECT_EQ(profile.job.adapter, "torch 9");
  EXPECT_EQ(profile.job.persistent_workers, 0);
  EXPECT_EQ(profile.job.pin_memory, 1);
  EXPECT_EQ(profile.job.start_method, "spawn");
  EXPECT_EQ(profile.job.dataset, "ImageFolder");
  const std::string text = text_reporter({})->render(profile, diagnose(profile));
  for (const char* why : {"full: no decode stage", "full: a", "full: b", "full: c", "ImageFolder"})
    EXPECT_NE(text.find(why), std::string::npos) << why << text;
}

// A worker's main thread makes a batch in make_s, its feeder sends it in send_s,
// both side by side; a pin-memory thread pins it in pin_s; the consumer computes
// for compute_s. Batches follow each other as fast as the slowest of them.
struct Line {
  double make_s = 0.010, send_s = 0.002, pin_s = 0.001, compute_s = 0.002;
  bool name_sends = true;
};

Recording record_line(const test::TemporaryFolder& folder, const Line& line) {
  FileOptions main_options = TwoLoaders::options();
  FileBuilder root(main_options);
  FileOptions worker_options;
  worker_options.pid = 101;
  worker_options.parent_pid = 100;
  worker_options.end_state = format::EndState::kOpen;
  FileBuilder process(worker_options);
  TrackBuilder& consumer = root.track(kConsumer, 0, "main", 1);
  TrackBuilder& pin = root.track(kPinRole, 0, "pin", 1);
  TrackBuilder& worker = process.track(kWorker, 0, "worker 0", 1);
  TrackBuilder& feeder = process.track(kPinRole, 0, "feeder", 1);
  const Split busy{.cpu = 1}, asleep{.cpu = 0};
  constexpr std::size_t kAhead = 2;
  double made = 0.1, sent = 0, pinned = 0, taken = 0.05;
  std::vector<double> took;
  for (std::uint64_t i = 0; i < 400; ++i) {
    const double from = std::max(made, i < kAhead ? 0.0 : took[i - kAhead]);
    made = from + line.make_s;
    worker.span(kDecode, from, from + line.make_s * 0.8, {.split = busy});
    worker.span(kCollate, from + line.make_s * 0.8, made - 2e-5, {.id = i, .split = busy});
    worker.span(kSend, made - 2e-5, made, {.id = i, .split = busy});
    const double send_from = std::max(sent, made);
    sent = send_from + line.send_s;
    feeder.span(kSend, send_from, sent, {.id = line.name_sends ? i : format::kNoId, .split = busy});
    const double receive_from = pinned;
    const double received = std::max(pinned, sent);
    pin.span(kReceive, receive_from, received, {.id = i, .split = asleep});
    pinned = received + line.pin_s;
    pin.span(kPin, received, pinned, {.id = i, .split = busy});
    const double there = std::max(taken, pinned);
    consumer.span(kWait, taken, there, {.id = i});
    taken = there + line.compute_s;
    consumer.span(kCompute, there, taken, {.id = i});
    took.push_back(there);
  }
  root.write(folder.path());
  process.write(folder.path());
  return Recording::open(folder.path());
}

TEST(HandoffThreads, AFeederThatNeverRestsIsToBlame) {
  const test::TemporaryFolder folder;
  const Profile profile =
      build_profile(record_line(folder, {.make_s = 0.006, .send_s = 0.012, .pin_s = 0.001}));
  ASSERT_EQ(profile.workers.size(), 1u);
  EXPECT_NEAR(profile.workers[0].feeder_busy_s / profile.workers[0].alive_s, 1, 0.02);
  EXPECT_NEAR(profile.workers[0].busy_s / profile.workers[0].alive_s, 0.5, 0.02);
  EXPECT_EQ(profile.batch_count, 400u);  // not those of the feeder once more
  const StageProfile* send = stage_on(profile, "send", HandoffThread::kFeeder);
  ASSERT_NE(send, nullptr);
  EXPECT_NEAR(send->share, 12.0 / 19, 0.02);
  // A batch is ready when the feeder has sent it.
  ASSERT_EQ(profile.consumer.step.size(), 400u);
  for (const Step& step : profile.consumer.step)
    ASSERT_NEAR(step.ready_s, step.start_s + step.wait_s - 0.001, 1e-6) << step.batch;
  const Diagnosis diagnosis = diagnose(profile);
  EXPECT_EQ(diagnosis.verdict.label, Label::kHandoffBound);
  EXPECT_EQ(diagnosis.verdict.confidence, Confidence::kHigh);
  EXPECT_TRUE(diagnosis.verdict.qualifiers.empty());
  bool said = false;
  for (const std::string& line : diagnosis.verdict.why)
    said = said || line.find("pack and send") != std::string::npos;
  EXPECT_TRUE(said);
}

TEST(HandoffThreads, APinThreadThatNeverRestsIsToBlame) {
  const test::TemporaryFolder folder;
  const Profile profile =
      build_profile(record_line(folder, {.make_s = 0.006, .send_s = 0.001, .pin_s = 0.012}));
  const StageProfile* receive = stage_on(profile, "receive", HandoffThread::kPin);
  ASSERT_NE(receive, nullptr);
  EXPECT_NEAR(receive->share, 0, 1e-6);  // it waits
  const Diagnosis diagnosis = diagnose(profile);
  EXPECT_EQ(diagnosis.verdict.label, Label::kHandoffBound);
  bool said = false;
  for (const std::string& line : diagnosis.verdict.why)
    said = said || line.find("pin-memory thread is busy") != std::string::npos;
  EXPECT_TRUE(said);
}

// A good part of a batch is its hand-over, but beside the making of the next one.
TEST(HandoffThreads, AFeederWithTimeToSpareIsNotToBlame) {
  for (const double send_s : {0.001, 0.0075}) {
    const test::TemporaryFolder folder;
    const Profile profile =
        build_profile(record_line(folder, {.make_s = 0.010, .send_s = send_s, .pin_s = 0.001}));
    const Diagnosis diagnosis = diagnose(profile);
    EXPECT_EQ(diagnosis.verdict.label, Label::kDecodeBound) << send_s;
    EXPECT_NEAR(profile.workers[0].feeder_busy_s / profile.workers[0].alive_s, send_s / 0.010,
                0.02);
  }
}

TEST(HandoffThreads, WithoutBatchNumbersNothingIsReadTooEarly) {
  const test::TemporaryFolder folder;
  const Profile profile = build_profile(
      record_line(folder, {.make_s = 0.006, .send_s = 0.012, .pin_s = 0.001, .name_sends = false}));
  for (const Step& step : profile.consumer.step) EXPECT_LT(step.ready_s, 0);
  EXPECT_EQ(diagnose(profile).verdict.label, Label::kHandoffBound);
}

}  // namespace
}  // namespace datamon::report
