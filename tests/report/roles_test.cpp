// Who counts as a worker: threads that the job called one; where it called none so,
// those that make batches while somebody takes them.
#include <gtest/gtest.h>

#include <optional>

#include "loader_model.h"
#include "recording_builder.h"
#include "report/diagnosis.h"
#include "report/forecast/forecast.h"
#include "report/profile.h"
#include "report/reporter.h"
#include "temporary_folder.h"

namespace datamon::report {
namespace {

using namespace datamon::testing;

// Shells that a launcher ran before the job: each reads a file and is gone.
void add_shells(const std::filesystem::path& folder, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    FileOptions options;
    options.pid = 200 + i;
    options.parent_pid = 100;
    options.start_s = 0.01 * i;
    FileBuilder shell(options);
    shell.track(kOtherRole, 0, "sh").span(kRead, options.start_s, options.start_s + 0.002);
    shell.write(folder);
  }
}

// A consumer from 1 s on, and a thread of its process that reads all along, if one is wanted.
void add_job(const std::filesystem::path& folder, std::optional<std::uint32_t> maker_role) {
  FileOptions options;
  options.pid = 100;
  options.is_root = true;
  options.start_s = 0.9;
  FileBuilder job(options);
  TrackBuilder& consumer = job.track(kConsumer, 0, "main");
  TrackBuilder* maker = maker_role ? &job.track(*maker_role, 0, "maker") : nullptr;
  for (std::uint64_t i = 0; i < 60; ++i) {
    const double at_s = 1 + 0.01 * static_cast<double>(i);
    if (maker != nullptr) maker->span(kRead, at_s, at_s + 0.005, {.id = i});
    consumer.span(kWait, at_s, at_s + 0.006, {.id = i});
    consumer.span(kCompute, at_s + 0.006, at_s + 0.01);
  }
  job.write(folder);
}

std::string header_of(const Profile& profile) {
  const std::string text = text_reporter({.width = 120})->render(profile, diagnose(profile));
  return text.substr(0, text.find('\n'));
}

TEST(Roles, ShellsBeforeTheJobAreNoWorkers) {
  const test::TemporaryFolder folder;
  add_shells(folder.path(), 17);
  add_job(folder.path(), std::nullopt);
  const Profile profile = build_profile(Recording::open(folder.path()));
  EXPECT_TRUE(profile.workers.empty());
  EXPECT_NE(header_of(profile).find("no workers"), std::string::npos) << header_of(profile);
}

TEST(Roles, ThreadsWithoutOneAreToldApart) {
  const test::TemporaryFolder folder;
  add_shells(folder.path(), 3);
  const Profile profile = build_profile(Recording::open(folder.path()));
  ASSERT_EQ(profile.workers.size(), 3u);
  for (const WorkerProfile& worker : profile.workers) EXPECT_FALSE(worker.has_role);
  EXPECT_NE(header_of(profile).find("3 threads without a role"), std::string::npos)
      << header_of(profile);
}

// The threads of a loader that nobody marked.
TEST(Roles, AThreadThatMakesBatchesForTheConsumerIsTakenForAWorker) {
  const test::TemporaryFolder folder;
  add_shells(folder.path(), 5);
  add_job(folder.path(), kOtherRole);
  const Profile profile = build_profile(Recording::open(folder.path()));
  ASSERT_EQ(profile.workers.size(), 1u);
  EXPECT_EQ(profile.workers[0].pid, 100u);
  EXPECT_FALSE(profile.workers[0].has_role);
  EXPECT_NE(header_of(profile).find("1 thread without a role"), std::string::npos)
      << header_of(profile);
}

TEST(Roles, AWorkerIsOne) {
  const test::TemporaryFolder folder;
  add_shells(folder.path(), 5);
  add_job(folder.path(), kWorker);
  const Profile profile = build_profile(Recording::open(folder.path()));
  ASSERT_EQ(profile.workers.size(), 1u);
  EXPECT_TRUE(profile.workers[0].has_role);
  EXPECT_NE(header_of(profile).find("1 worker ·"), std::string::npos) << header_of(profile);
}

// torch.multiprocessing.spawn passes the rank as an argument: no process has it in its
// environment, and still each loop has its own workers.
TEST(Roles, ProcessesThatTakeBatchesAtOnceAreRanks) {
  const test::TemporaryFolder folder;
  for (std::uint32_t rank = 0; rank < 4; ++rank) {
    LoaderModel model;
    model.decode_s = 4e-3;
    model.first_pid = 1000 + 100 * rank;
    model.is_root = rank == 0;
    model.cores = rank == 0 ? 16 : 0;
    write_loader(folder.path(), model);
  }
  const Profile profile = build_profile(Recording::open(folder.path()));
  EXPECT_EQ(profile.job.ranks, 4);
  ASSERT_EQ(profile.workers.size(), 8u);
  for (const WorkerProfile& worker : profile.workers) {
    EXPECT_EQ(worker.rank, worker.consumer);
    EXPECT_EQ((worker.pid - 1000) / 100, worker.rank);
  }
  EXPECT_NEAR(profile.batches_per_s, 4 * profile.steps_per_s, 1e-9);
  const Forecaster forecaster(profile);
  ASSERT_EQ(forecaster.why_not(), "");
  EXPECT_EQ(forecaster.model().setup.workers, 2);
  EXPECT_NEAR(forecaster.simulated_over_measured(), 1, 0.05);
}

// One training after another: they never take batches together.
TEST(Roles, ProcessesThatFollowEachOtherAreNoRanks) {
  const test::TemporaryFolder folder;
  LoaderModel model;
  for (std::uint32_t run = 0; run < 3; ++run) {
    model.first_pid = 1000 + 100 * run;
    model.is_root = run == 0;
    model.cores = run == 0 ? 16 : 0;
    model.file.start_s = 20.0 * run;
    write_loader(folder.path(), model);
  }
  const Profile profile = build_profile(Recording::open(folder.path()));
  EXPECT_EQ(profile.job.ranks, 1);
  EXPECT_NEAR(profile.batches_per_s, profile.steps_per_s, 1e-9);
}

}  // namespace
}  // namespace datamon::report
