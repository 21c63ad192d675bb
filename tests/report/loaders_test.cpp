// Recordings of jobs with several data loaders, and of workers and consumers
// with hand-off threads: what belongs to whom, and what is to blame.
#include <gtest/gtest.h>

#include <cmath>

#include "loader_model.h"
#include "report/diagnosis.h"
#include "report/loader_overview.h"
#include "report/reporter.h"
#include "two_loaders.h"

namespace datamon::report {
namespace {

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
  EXPECT_NE(text.find("datamon report " + recording.path().string() + " --loader 1"),
            std::string::npos)
      << text;
}

// Two passes of 60 s each over the training data, which wait little, and two of 8 s over the
// validation data, which wait a little longer in all.
TEST(Loaders, TheReportIsAboutTheLongestWhereNoneIsWaitedForMuch) {
  TwoLoaders job;
  for (int epoch = 0; epoch < 2; ++epoch) {
    for (std::uint64_t i = 0; i < 60; ++i) job.step(1, i, 0.001, 1);
    for (std::uint64_t i = 0; i < 40; ++i) job.step(2, i, 0.002, 0.2);
  }
  const Profile profile = build_profile(job.open());
  EXPECT_EQ(profile.loaders, (std::vector<int>{1, 2}));
  EXPECT_EQ(profile.loader, 1);
}

double loop_self_s(const Profile& profile) {
  double self_s = 0;
  for (const StageProfile& stage : profile.stages)
    if (stage.on_consumer && !stage.residence) self_s += stage.self_s;
  return self_s;
}

// Behind the turn of an epoch the first step is steady only from its compute on: the
// table is about the steps that are steady as a whole.
TEST(Loaders, SharesOfTheLoopAddUpToItsSteps) {
  TwoLoaders job;
  for (int epoch = 0; epoch < 12; ++epoch) {
    for (std::uint64_t i = 0; i < 4; ++i) job.step(1, i, i == 0 ? 0.5 : 0.01, 0.19);
    job.consumer[1]->span(kWait, job.at_s, job.at_s + 0.01);
    job.at_s += 0.01;
  }
  const Profile profile = build_profile(job.open(), {.loader = 1});
  const StageProfile* compute = stage_on(profile, "compute", HandoffThread::kNone);
  ASSERT_NE(compute, nullptr);
  EXPECT_EQ(compute->count, profile.consumer.steady_steps);
  EXPECT_NEAR(loop_self_s(profile), profile.consumer.steady_s, 1e-3);
}

// In the window in which the start-up ends, the first wait is long and has hardly any
// receiving in it, unlike those behind it.
TEST(Loaders, WaitIsWithoutTheReceivingOfItsOwnSteps) {
  test::TemporaryFolder folder;
  FileBuilder root({.pid = 100, .is_root = true});
  TrackBuilder& consumer = root.track(kConsumer, 0, "main");
  double at_s = 0.001;
  const auto step = [&](std::uint64_t id, double making_s) {
    consumer.begin(kWait, at_s);
    consumer.span(kReceive, at_s + making_s, at_s + making_s + 0.004, {.id = id});
    consumer.end(at_s + making_s + 0.004, {.id = id});
    at_s += making_s + 0.004;
    consumer.span(kCompute, at_s, at_s + 0.005, {.id = id});
    at_s += 0.005;
  };
  step(0, 0.06);
  for (std::uint64_t i = 1; i < 40; ++i) step(i, 0.001);
  root.write(folder.path());
  const Profile profile = build_profile(Recording::open(folder.path()));
  const StageProfile* receive = stage_on(profile, "receive", HandoffThread::kNone);
  const StageProfile* wait = stage_on(profile, "wait", HandoffThread::kNone);
  ASSERT_TRUE(receive != nullptr && wait != nullptr);
  const double wait_s = profile.consumer.wait_s;
  EXPECT_NEAR(wait->self_s, wait_s - receive->self_s, 1e-9);
  EXPECT_NEAR(wait->self_s / wait_s, 0.2, 0.02);
  EXPECT_NEAR(loop_self_s(profile), profile.consumer.steady_s, 1e-4);
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
