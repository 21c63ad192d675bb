// Real processes with the real monitor: the profile's counts are exactly what
// they did, also when one of them was killed.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

#include "report/profile.h"
#include "temporary_folder.h"

namespace datamon::report {
namespace {

namespace fs = std::filesystem;

constexpr int kBatches = 150, kItems = 20;

Profile run_job(const fs::path& folder, const std::string& more) {
  const fs::path directory = folder / "recording";
  const std::string command = "MON=1 MON_LIBRARY='" DATAMON_MONITOR_LIBRARY "' MON_DIR='" +
                              directory.string() + "' '" DATAMON_RECORDED_JOB "' " +
                              std::to_string(kBatches) + " " + std::to_string(kItems) + more;
  EXPECT_EQ(std::system(command.c_str()), 0);
  return build_profile(Recording::open(directory));
}

std::uint64_t count_of(const Profile& profile, const std::string& name) {
  std::uint64_t sum = 0;
  for (const auto* table : {&profile.stages, &profile.start_up_stages})
    for (const StageProfile& stage : *table)
      if (stage.name == name) sum += stage.count;
  return sum;
}

void expect_whole(const Profile& profile) {
  for (const Problem& problem : profile.problems)
    ADD_FAILURE() << problem.file << "@" << problem.offset << ": " << problem.what;
  constexpr std::uint64_t batches = 2 * kBatches, items = batches * kItems;
  EXPECT_EQ(profile.items, items);
  EXPECT_EQ(profile.batch_count, batches);
  EXPECT_EQ(profile.consumer.steps, batches);
  for (const char* stage : {"fetch", "read", "decode"}) EXPECT_EQ(count_of(profile, stage), items);
  EXPECT_EQ(count_of(profile, "compute"), batches);
  EXPECT_EQ(profile.monitor.spans, 3 * items + 3 * batches);
  EXPECT_EQ(profile.monitor.dropped, 0u);
  EXPECT_EQ(profile.job.processes, 3);
  EXPECT_EQ(profile.workers.size(), 2u);
  // Everybody's batches are found: who made which is known for each step.
  for (const Step& step : profile.consumer.step) {
    EXPECT_NE(step.worker_pid_tid, 0u) << "batch " << step.batch;
    EXPECT_GE(step.wait_s, 0);
  }
  EXPECT_TRUE(profile.job.ended_cleanly);
  EXPECT_FALSE(profile.job.still_running);
}

TEST(RecordingOfAJob, CountsExactly) {
  test::TemporaryFolder folder;
  expect_whole(run_job(folder.path(), ""));
}

TEST(RecordingOfAJob, LosesNothingWhenAWorkerIsKilled) {
  test::TemporaryFolder folder;
  expect_whole(run_job(folder.path(), " kill"));
}

}  // namespace
}  // namespace datamon::report
