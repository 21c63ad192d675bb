// What the profile says about simulated loaders whose truth is known.
#include "report/profile.h"

#include <gtest/gtest.h>

#include <cmath>

#include "loader_model.h"
#include "recording_builder.h"
#include "report/diagnosis.h"
#include "report/diagnosis_evidence.h"
#include "report/phases.h"
#include "temporary_folder.h"

namespace datamon::report {
namespace {

using namespace datamon::testing;

struct Profiled {
  LoaderTruth truth;
  Profile profile;
};

Profiled profile_of(const LoaderModel& model, const ProfileOptions& options = {}) {
  test::TemporaryFolder folder;
  Profiled result;
  result.truth = write_loader(folder.path(), model);
  result.profile = build_profile(Recording::open(folder.path()), options);
  return result;
}

const StageProfile* find(const std::vector<StageProfile>& stages, const std::string& name) {
  for (const StageProfile& stage : stages)
    if (stage.name == name) return &stage;
  return nullptr;
}

double whole_self(const Profile& profile, const std::string& name) {
  double sum = 0;
  for (const auto* table : {&profile.stages, &profile.start_up_stages})
    if (const StageProfile* stage = find(*table, name)) sum += stage->self_s;
  return sum;
}

std::uint64_t whole_count(const Profile& profile, const std::string& name) {
  std::uint64_t sum = 0;
  for (const auto* table : {&profile.stages, &profile.start_up_stages})
    if (const StageProfile* stage = find(*table, name)) sum += stage->count;
  return sum;
}

// Two workers that read at the same time all along.
TEST(Profile, ReadsOfSeveralWorkersMeet) {
  LoaderModel model;
  model.workers = 2;
  const Profile together = profile_of(model).profile;
  const StageProfile* read = find(together.stages, "read");
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(together.reads.overlap.reads, read->count);
  EXPECT_GE(together.reads.overlap.at_once, 1);
  EXPECT_LE(together.reads.overlap.at_once, 2);
  EXPECT_GT(together.reads.overlap.active_share, 0);
  model.workers = 1;
  const ReadProfile alone = profile_of(model).profile.reads;
  EXPECT_EQ(alone.overlap.at_once, 1);  // nobody to meet
  EXPECT_TRUE(std::isnan(alone.overlap.growth));
  EXPECT_TRUE(std::isnan(alone.sharing.variance_ratio));
}

// Photographs among thumbnails are no stragglers where they are two in five: of few items that
// take the most time it is said that they are.
TEST(Profile, TellsFewDearItemsFromTwoKindsOfThem) {
  const auto far_share = [](std::uint64_t every, std::uint64_t dear, double factor) {
    LoaderModel model;
    model.item_factor = [=](std::uint64_t item) { return item % every < dear ? factor : 1.0; };
    const Profile profile = profile_of(model).profile;
    const StageProfile* fetch = find(profile.stages, "fetch");
    return std::pair(fetch != nullptr ? fetch->far_share : -1,
                     gather_evidence(profile).makers.item_tail);
  };
  const auto [of_two_kinds, two_kinds_are_few] = far_share(5, 2, 8);
  EXPECT_NEAR(of_two_kinds, 0.4, 0.02);
  EXPECT_FALSE(two_kinds_are_few);
  const auto [of_few, few_are_few] = far_share(20, 1, 20);
  EXPECT_NEAR(of_few, 0.05, 0.01);
  EXPECT_TRUE(few_are_few);
}

// Of a long run single steps are not kept; what is said of the wait is about all of them.
TEST(Profile, TheWaitIsThatOfTheWholeRun) {
  LoaderModel model;
  model.batches = 4000;
  model.file.most_stored_spans = 2000;
  model.worker_stored_spans = 20'000;
  model.compute_s = 8e-3;
  // The first 300 batches are slow: a cold page cache.
  model.item_factor = [](std::uint64_t item) { return item < 300 * 8 ? 3.0 : 1.0; };
  const Profile profile = profile_of(model).profile;
  const ConsumerProfile& consumer = profile.consumer;
  ASSERT_LT(consumer.step.size(), 1000u);
  const double share = consumer.wait_s / consumer.steady_s;
  ASSERT_LT(share, 0.15);
  const Diagnosis diagnosis = diagnose(profile);
  const StepEvidence step = gather_evidence(profile).step;
  EXPECT_NEAR(diagnosis.verdict.input_wait_share.value, share, 1e-9);
  EXPECT_GT(step.single_wait_share.value_or(0), 2 * share);
  EXPECT_NEAR(step.step_s, consumer.steady_s / static_cast<double>(consumer.steady_steps), 1e-9);
}

// Steady and not steady together are exactly what was recorded.
TEST(Profile, AddsUpExactly) {
  for (const int workers : {0, 1, 3}) {
    LoaderModel model;
    model.workers = workers;
    model.jitter = 0.3;
    const auto [truth, profile] = profile_of(model);
    EXPECT_EQ(profile.items, truth.items) << workers;
    EXPECT_EQ(profile.batch_count, truth.batches);
    EXPECT_EQ(profile.consumer.steps, truth.batches);
    EXPECT_EQ(whole_count(profile, "fetch"), truth.items);
    EXPECT_EQ(profile.monitor.spans, truth.spans);
    EXPECT_EQ(profile.monitor.stored_spans, truth.spans);
    EXPECT_NEAR(whole_self(profile, "read"), truth.read_s, 1e-5);
    EXPECT_NEAR(whole_self(profile, "decode"), truth.decode_s, 1e-5);
    EXPECT_NEAR(whole_self(profile, "transform"), truth.transform_s, 1e-5);
    EXPECT_NEAR(whole_self(profile, "collate"), truth.collate_s, 1e-5);
    EXPECT_EQ(profile.workers.size(), static_cast<std::size_t>(workers));
    EXPECT_TRUE(profile.problems.empty());
  }
}

TEST(Profile, ShowsASlowLoaderAsInputWait) {
  LoaderModel model;
  model.decode_s = 4e-3;
  model.compute_s = 5e-3;
  const auto [truth, profile] = profile_of(model);
  const ConsumerProfile& consumer = profile.consumer;
  ASSERT_TRUE(consumer.present);
  EXPECT_GT(consumer.steady_steps, 150u);
  // A worker needs 8 x 4.72 ms + 0.5 ms a batch; two of them one in 19.13 ms.
  const double step_s = (8 * (0.2e-3 + 4e-3 + 0.5e-3 + 0.02e-3) + 0.3e-3 + 0.2e-3) / 2;
  EXPECT_NEAR(profile.steps_per_s, 1 / step_s, 0.02 / step_s);
  EXPECT_NEAR(consumer.compute_s / consumer.steady_s, 5e-3 / step_s, 0.01);
  EXPECT_NEAR(consumer.wait_s / consumer.steady_s, 1 - 5e-3 / step_s, 0.01);
  EXPECT_NEAR(profile.items_per_s, 8 / step_s, 0.02 * 8 / step_s);
  for (const WorkerProfile& worker : profile.workers) {
    EXPECT_NEAR(worker.busy_s / worker.alive_s, 1.0, 0.02);
    EXPECT_NEAR(worker.batch_p50_ms, 2e3 * step_s, 0.1);
    EXPECT_FALSE(worker.ended_early);
  }
}

TEST(Profile, ShowsAFastLoaderAsCompute) {
  LoaderModel model;
  model.compute_s = 60e-3;
  model.batches = 100;
  const auto [truth, profile] = profile_of(model);
  EXPECT_LT(profile.consumer.wait_s / profile.consumer.steady_s, 0.01);
  EXPECT_NEAR(profile.steps_per_s, 1 / 60.1e-3, 0.1);
  for (const WorkerProfile& worker : profile.workers)
    EXPECT_LT(worker.busy_s / worker.alive_s, 0.2);
}

TEST(Profile, KnowsWhoMadeWhichBatch) {
  LoaderModel model;
  model.workers = 3;
  model.epochs = 2;  // numbers start again
  model.jitter = 0.5;
  const auto [truth, profile] = profile_of(model);
  ASSERT_EQ(profile.consumer.step.size(), truth.batch.size());
  for (std::size_t i = 0; i < truth.batch.size(); ++i) {
    const Step& step = profile.consumer.step[i];
    const LoaderTruth::Batch& batch = truth.batch[i];
    EXPECT_EQ(step.batch, batch.id);
    EXPECT_NEAR(step.start_s, batch.wait_from_s, 1e-6);
    EXPECT_NEAR(step.wait_s, batch.wait_to_s - batch.wait_from_s, 1e-6);
    EXPECT_NEAR(step.ready_s, batch.ready_s, 1e-6) << i;
    // Pids are given in the order of the workers, epoch by epoch.
    EXPECT_EQ(step.worker_pid_tid >> 32,
              1001u + static_cast<unsigned>(batch.epoch * 3 + batch.worker));
  }
}

TEST(Profile, AddsUpDataFilesOfAllProcesses) {
  test::TemporaryFolder folder;
  FileBuilder one({.pid = 1, .is_root = true}), two({.pid = 2, .ticks_per_second = 1e9});
  one.data_file("/data/a", 3, 3000, 0.5);
  one.data_file("/data/b", 1, 1000, 2.0);
  two.data_file("/data/a", 2, 2000, 2.5);
  one.write(folder.path());
  two.write(folder.path());
  const FilesProfile files = build_profile(Recording::open(folder.path())).files;
  EXPECT_TRUE(files.present);
  EXPECT_EQ(files.distinct, 2u);
  EXPECT_FALSE(files.distinct_estimated);
  EXPECT_EQ(files.uses, 6u);
  EXPECT_EQ(files.bytes_read, 6000u);
  EXPECT_NEAR(files.read_s, 5.0, 1e-6);
  ASSERT_EQ(files.slowest.size(), 2u);
  EXPECT_EQ(files.slowest[0].path, "/data/a");
  EXPECT_EQ(files.slowest[0].uses, 5u);
  EXPECT_NEAR(files.slowest[0].read_s, 3.0, 1e-6);
  EXPECT_NEAR(files.slowest[0].longest_ms, 2500, 1e-3);
}

// Both processes read the same files: the sketches' union knows it.
TEST(Profile, EstimatesHowManyFilesThereWere) {
  for (const int count : {5'000, 60'000}) {
    test::TemporaryFolder folder;
    FileBuilder one({.pid = 1, .is_root = true}), two({.pid = 2});
    for (int i = 0; i < count; ++i) {
      const std::string path = "/data/" + std::to_string(i) + ".jpg";
      one.data_file(path, 1, 10, 0, i < 10);
      two.data_file(path, 1, 10, 0, false);
    }
    one.write(folder.path());
    two.write(folder.path());
    const FilesProfile files = build_profile(Recording::open(folder.path())).files;
    EXPECT_TRUE(files.distinct_estimated);
    EXPECT_NEAR(static_cast<double>(files.distinct), count, 0.08 * count);  // five standard errors
    EXPECT_EQ(files.uses, 2u * static_cast<unsigned>(count));
  }
}

TEST(Profile, SplitsTimeThreeWays) {
  LoaderModel model;
  model.read_split = {.cpu = 0.1, .runqueue = 0.2, .fault = 0.3};
  model.sample_every = 7;
  const auto [truth, profile] = profile_of(model);
  const StageProfile* read = find(profile.stages, "read");
  ASSERT_NE(read, nullptr);
  ASSERT_TRUE(read->split.known);
  EXPECT_NEAR(read->split.cpu_s / read->self_s, 0.1, 1e-3);
  EXPECT_NEAR(read->split.runqueue_s / read->self_s, 0.2, 1e-3);
  EXPECT_NEAR(read->split.blocked_s / read->self_s, 0.7, 1e-3);
  EXPECT_NEAR(read->split.fault_s / read->self_s, 0.3, 1e-3);
  EXPECT_NEAR(read->split.measured_share, 1.0 / 7, 0.01);
}

TEST(Profile, FindsQuantilesWithinABucket) {
  LoaderModel model;
  model.jitter = 0.9;
  const auto [truth, profile] = profile_of(model);
  const StageProfile* decode = find(profile.stages, "decode");
  ASSERT_NE(decode, nullptr);
  EXPECT_NEAR(decode->p50_ms, 1.0, 0.1);
  EXPECT_NEAR(decode->p99_ms, 1.9 - 0.018, 0.1);
  EXPECT_NEAR(decode->max_ms, 1.9, 0.02);
}

TEST(Profile, KeepsEpochBoundariesApart) {
  LoaderModel model;
  model.epochs = 4;
  model.batches = 100;
  model.init_s = 0.5;
  const auto [truth, profile] = profile_of(model);
  int boundaries = 0;
  double boundary_s = 0;
  for (const Phase& phase : profile.phases) {
    boundaries += phase.kind == PhaseKind::kEpochBoundary;
    if (phase.kind == PhaseKind::kEpochBoundary) boundary_s += phase.end_s - phase.start_s;
  }
  EXPECT_EQ(boundaries, 3);
  EXPECT_NEAR(boundary_s, 3 * 0.51, 0.1);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_FALSE(profile.consumer.step[i * 100].steady);
  EXPECT_GT(profile.consumer.steady_steps, 380u);
}

// Boundaries that batch numbers alone tell, for batches taken in this order.
int boundaries_of(const std::vector<std::uint64_t>& ids, int workers) {
  ConsumerSteps steps;
  steps.compute_recorded = true;
  for (const std::uint64_t id : ids) {
    RawStep step;
    step.start_s = 0.01 * static_cast<double>(steps.steps.size());
    step.wait_end_s = step.start_s + 0.008;
    step.end_s = step.work_end_s = step.start_s + 0.01;
    step.id = id;
    steps.steps.push_back(step);
  }
  std::vector<LoaderTrack> tracks(static_cast<std::size_t>(workers));
  for (int i = 0; i < workers; ++i) {
    tracks[static_cast<std::size_t>(i)].index = i;
    tracks[static_cast<std::size_t>(i)].start_s = -1;
  }
  int count = 0;
  const double end_s = steps.steps.back().end_s;
  for (const Phase& phase : find_phases(steps, LoaderTrack(), tracks, 0, end_s).phases)
    count += phase.kind == PhaseKind::kEpochBoundary;
  return count;
}

TEST(Profile, BatchesInCompletionOrderAreOneEpoch) {
  std::vector<std::uint64_t> ids;
  for (std::uint64_t i = 0; i < 400; ++i) ids.push_back(i ^ 3);  // each four reversed
  EXPECT_EQ(boundaries_of(ids, 4), 0);
  // One worker falls further and further behind: its numbers are half as high.
  ids.clear();
  for (std::uint64_t i = 0; i < 200; ++i) {
    for (const std::uint64_t worker : {1, 2, 3}) ids.push_back(4 * i + worker);
    if (i % 2 == 1) ids.push_back(4 * (i / 2));
  }
  EXPECT_EQ(boundaries_of(ids, 4), 0);
}

TEST(Profile, NumbersThatStartAgainAreANewEpoch) {
  std::vector<std::uint64_t> in_order, any_order, resumed;
  for (std::uint64_t i = 0; i < 300; ++i) {
    in_order.push_back(i % 100);
    any_order.push_back((i % 100) ^ 3);
    resumed.push_back(i < 100 ? 500 + i : i - 100);  // a run that went on in mid-epoch
  }
  EXPECT_EQ(boundaries_of(in_order, 4), 2);
  EXPECT_EQ(boundaries_of(any_order, 4), 2);
  EXPECT_EQ(boundaries_of(resumed, 4), 1);
}

TEST(Profile, KeepsIdleHoursApart) {
  LoaderModel model;
  model.epochs = 2;
  model.idle_after_epoch_s = 7200;
  for (const bool compute : {true, false}) {
    model.record_compute = compute;
    model.cores = 0;
    const auto [truth, profile] = profile_of(model);
    EXPECT_LT(profile.consumer.steady_s, 10);
    double idle_s = 0;
    for (const Phase& phase : profile.phases)
      if (phase.kind == PhaseKind::kIdle) idle_s += phase.end_s - phase.start_s;
    EXPECT_NEAR(idle_s, 7200, 1);
  }
}

TEST(Profile, ReadsTheMachine) {
  LoaderModel model;
  model.batches = 2000;     // start-up is a small part of what the sampler's rates are of
  model.processes = false;  // the sampler saw one
  const auto [truth, profile] = profile_of(model);
  const MachineProfile& machine = profile.machine;
  EXPECT_EQ(machine.cores_allowed, 4);
  EXPECT_EQ(machine.disk, "nvme0n1");
  EXPECT_EQ(machine.cpu_model, "Testchip 9000");
  EXPECT_NEAR(machine.disk_busy_share, 0.3, 1e-6);
  EXPECT_NEAR(machine.disk_read_latency_ms, 0.5, 1e-6);
  EXPECT_NEAR(machine.psi_io_some, 0.2, 1e-6);
  EXPECT_NEAR(machine.page_cache_hit_share, 0.5, 0.03);
  EXPECT_NEAR(machine.cores_used_job + 0.1, machine.cores_used_total, 0.02);
  EXPECT_TRUE(std::isnan(machine.gpu_busy_share));
  EXPECT_TRUE(std::isnan(machine.throttled_share));
}

// A worker's process is killed; the loader goes on with the others.
TEST(Profile, NoticesAKilledWorker) {
  test::TemporaryFolder folder;
  const double end_s = 20;
  FileBuilder root({.pid = 1, .is_root = true});
  TrackBuilder& main = root.track(kConsumer, 0, "main");
  for (int i = 0; i < 200; ++i) {
    main.span(kWait, 0.1 * i, 0.1 * i + 0.05, {.id = static_cast<std::uint64_t>(i)});
    main.span(kCompute, 0.1 * i + 0.05, 0.1 * i + 0.1);
  }
  root.write(folder.path());
  for (int w = 0; w < 3; ++w) {
    FileBuilder file({.pid = 10u + static_cast<unsigned>(w),
                      .parent_pid = 1,
                      .end_state = format::EndState::kOpen});
    TrackBuilder& track = file.track(kWorker, static_cast<unsigned>(w), "worker");
    const double stops_s = w == 1 ? 5 : end_s - 1;
    for (double at_s = 0.01 * w; at_s + 0.2 < stops_s; at_s += 0.2) {
      track.span(kFetch, at_s, at_s + 0.1);
      track.span(kCollate, at_s + 0.1, at_s + 0.15, {.id = 1});
    }
    file.write(folder.path());
  }
  const Profile profile = build_profile(Recording::open(folder.path()));
  ASSERT_EQ(profile.workers.size(), 3u);
  EXPECT_FALSE(profile.workers[0].ended_early);
  EXPECT_TRUE(profile.workers[1].ended_early);
  EXPECT_FALSE(profile.workers[2].ended_early);
}

}  // namespace
}  // namespace datamon::report
