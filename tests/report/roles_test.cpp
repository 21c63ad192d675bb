// Who counts as a worker: threads that the job called one; where it called none so,
// those that make batches while somebody takes them.
#include <gtest/gtest.h>

#include <optional>

#include "recording_builder.h"
#include "report/diagnosis.h"
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

}  // namespace
}  // namespace datamon::report
