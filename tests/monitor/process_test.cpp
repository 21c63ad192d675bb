// Processes that fork, are killed, exec, or end without a word.
#include <gtest/gtest.h>

#include <chrono>
#include <set>

#include "datamon/monitor.h"
#include "run_job.h"

namespace datamon::test {
namespace {

using report::ProcessFile;
using report::Recording;

constexpr auto kOpen = static_cast<std::uint32_t>(format::EndState::kOpen);
constexpr auto kExited = static_cast<std::uint32_t>(format::EndState::kExited);

std::uint64_t fetched(const ProcessFile& process) {
  const auto all = sums(process);
  const auto at = all.find(DATAMON_FETCH);
  return at == all.end() ? 0 : at->second.count;
}

TEST(Processes, NothingIsLostWhenTheJobIsKilled) {
  const Folder folder;
  const Recording recording = record(folder, {"kill-self", "5000"}, {}, 128 + SIGKILL);
  ASSERT_EQ(recording.processes().size(), 1u);
  EXPECT_EQ(fetched(recording.processes()[0]), 5000u);
  EXPECT_EQ(stored_spans(recording.processes()[0]), 15'000u);
  EXPECT_EQ(recording.processes()[0].header.end_state, kOpen);
}

TEST(Processes, NothingIsLostWhenAWorkerIsKilled) {
  const Folder folder;
  const Recording recording = record(folder, {"kill-worker", "5000"});
  ASSERT_EQ(recording.processes().size(), 2u);
  const ProcessFile& main = recording.processes()[0];
  const ProcessFile& worker = recording.processes()[1];
  EXPECT_EQ(fetched(main), 1u);
  EXPECT_EQ(main.header.is_root, 1u);
  EXPECT_EQ(main.header.end_state, kExited);
  EXPECT_EQ(fetched(worker), 5000u);
  EXPECT_EQ(worker.header.is_root, 0u);
  EXPECT_EQ(worker.header.parent_pid, main.header.pid);
  EXPECT_EQ(worker.header.end_state, kOpen);
  EXPECT_EQ(worker.tracks.at(0).name, "worker three");
  EXPECT_EQ(worker.tracks.at(0).record.index, 3u);
}

TEST(Processes, ChildThatLeavesWithoutHandlers) {
  const Folder folder;
  const Recording recording = record(folder, {"fork-exit", "500"});
  ASSERT_EQ(recording.processes().size(), 2u);
  EXPECT_EQ(fetched(recording.processes()[0]), 500u);
  EXPECT_EQ(fetched(recording.processes()[1]), 1000u);
}

TEST(Processes, ForkWithoutHandlers) {
  const Folder folder;
  Environment extra;
#if defined(__SANITIZE_THREAD__)
  // It does not see a raw clone: the parent's sampler seems to live in the child.
  extra.emplace_back("MON_SAMPLER", "0");
#endif
  const Recording recording = record(folder, {"raw-clone", "500"}, extra);
  ASSERT_EQ(recording.processes().size(), 2u);
  EXPECT_EQ(fetched(recording.processes()[0]), 1000u);
  EXPECT_EQ(fetched(recording.processes()[1]), 1000u);
}

TEST(Processes, ChildThatOutlivesItsParentReadsTheMachine) {
  const Folder folder;
  const Recording recording = record(folder, {"outlives-parent", "3000"});
  ASSERT_EQ(recording.processes().size(), 2u);
  const ProcessFile& child = recording.processes()[1];
  EXPECT_EQ(child.header.parent_pid, recording.processes()[0].header.pid);
  EXPECT_EQ(fetched(child), 300u);
  EXPECT_GE(child.samples.rows.size(), 5u);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(Processes, ChildBeginsOnTheSmallestStack) {
  const Folder folder;
  const Recording recording = record(folder, {"small-stack"});
  ASSERT_EQ(recording.processes().size(), 2u);
  for (const ProcessFile& process : recording.processes()) EXPECT_EQ(fetched(process), 1u);
}
#endif

TEST(Processes, ForkFromAThreadedProcess) {
  const Folder folder;
  const Recording recording = record(folder, {"fork-threaded", "40"});
  ASSERT_EQ(recording.processes().size(), 41u);
  for (std::size_t i = 1; i < recording.processes().size(); ++i) {
    const ProcessFile& child = recording.processes()[i];
    EXPECT_EQ(fetched(child), 100u);
    // Stages keep their numbers, and each has one meaning.
    std::set<std::uint16_t> ids;
    for (const report::Stage& stage : child.stages) EXPECT_TRUE(ids.insert(stage.id).second);
    EXPECT_EQ(child.stages.back().name, "of the child");
  }
}

TEST(Processes, SpanOpenAcrossAForkBelongsToTheParent) {
  const Folder folder;
  const Recording recording = record(folder, {"open-across-fork"});
  ASSERT_EQ(recording.processes().size(), 2u);
  EXPECT_EQ(fetched(recording.processes()[0]), 1u);
  EXPECT_EQ(fetched(recording.processes()[1]), 1u);
  EXPECT_EQ(recording.processes()[1].header.mismatched_ends, 1u);
}

TEST(Processes, GenerationsOfForks) {
  const Folder folder;
  const Recording recording = record(folder, {"fork-chain", "30"});
  ASSERT_EQ(recording.processes().size(), 30u);
  for (const ProcessFile& process : recording.processes()) EXPECT_EQ(fetched(process), 1u);
}

TEST(Processes, ChildrenThatCannotBeRecordedAreCounted) {
  const Folder folder;
  const Outcome outcome = run_job(folder, {"unrecorded-children", "3"}, {{"MON_DIR", "rec"}});
  EXPECT_EQ(outcome.status, 0) << outcome.output;
  const Recording recording = Recording::open(folder / "rec");
  ASSERT_EQ(recording.processes().size(), 1u);
  EXPECT_EQ(recording.processes()[0].header.unrecorded_children, 3u);
  ASSERT_EQ(recording.problems().size(), 1u);
  EXPECT_NE(recording.problems()[0].what.find("3 forked child"), std::string::npos);
}

TEST(Processes, EndsWithItsLastThread) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the thread sanitizer has a thread of its own that lives on";
#endif
  const Folder folder;
  const auto begun = std::chrono::steady_clock::now();
  const Outcome outcome =
      run_job(folder, {"last-thread-returns", "500"}, {{"MON_DIR", "rec"}, {"MON_SAMPLER", "1"}});
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(60));
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.output, "exit handler\n");
  const Recording recording = Recording::open(folder / "rec");
  ASSERT_EQ(recording.processes().size(), 1u);
  EXPECT_EQ(fetched(recording.processes()[0]), 500u);
  EXPECT_EQ(recording.processes()[0].header.end_state, kExited);
}

TEST(Processes, LivesOnWithoutItsMainThread) {
  const Folder folder;
  const Recording recording = record(folder, {"main-gone"}, {}, 128 + SIGALRM);
  ASSERT_EQ(recording.processes().size(), 1u);
  EXPECT_EQ(fetched(recording.processes()[0]), 1u);
}

TEST(Processes, ExecJoinsTheRecording) {
  const Folder folder;
  const Recording recording = record(folder, {"exec", "100"});
  ASSERT_EQ(recording.processes().size(), 2u);
  EXPECT_EQ(recording.processes()[0].header.pid, recording.processes()[1].header.pid);
  for (const ProcessFile& process : recording.processes()) EXPECT_EQ(fetched(process), 100u);
}

TEST(Processes, SignalHandlersThatRecordAreSurvived) {
  const Folder folder;
  const Recording recording = record(folder, {"signals", "700"});
  EXPECT_GT(fetched(recording.processes()[0]), 1000u);
}

TEST(Processes, ExitCodeIsTheJobs) {
  const Folder folder;
  EXPECT_EQ(run_job(folder, {"exit-code", "7"}).status, 7);
}

TEST(Processes, DescriptorsAreLeftToTheJob) {
  const Folder folder;
  const Outcome outcome =
      run_job(folder, {"few-descriptors", "300"}, {{"MON_DIR", "rec"}, {"MON_SAMPLER", "0"}});
  EXPECT_EQ(outcome.status, 0) << outcome.output;
  const int open = std::stoi(outcome.output);
  EXPECT_GE(open, 16);
  EXPECT_LE(open, 16 + 10);  // 256 / 16, and what the job and the test's runner have open
  const Recording recording = Recording::open(folder / "rec");
  const ProcessFile& process = recording.processes().at(0);
  EXPECT_EQ(sums(process).at(DATAMON_DECODE).count, 300u * 20);
  for (const report::Track& track : process.tracks) EXPECT_GT(track.record.sampled_roots, 0u);
}

TEST(Processes, DescriptorsOfTheJobAreLeftAlone) {
  const Folder folder;
  Environment extra;
#if defined(__SANITIZE_THREAD__)
  // Closing what another thread reads is a race, and what this job is about.
  extra.emplace_back("MON_SAMPLER", "0");
#endif
  const Recording recording = record(folder, {"close-descriptors", "100000"}, extra);
  EXPECT_EQ(fetched(recording.processes()[0]), 200'010u);
}

}  // namespace
}  // namespace datamon::test
