// MON_NVTX=1: spans as NVTX ranges, seen by a real tool.
#include <gtest/gtest.h>

#include "datamon/monitor.h"
#include "nvtx_job.h"

namespace datamon::test {
namespace {

using report::ProcessFile;
using report::Recording;

Outcome emit(const Folder& folder, const std::string& name, Environment more) {
  more.emplace_back("MON_DIR", "rec");
  more.emplace_back("MON_NVTX", "1");
  more.emplace_back("COUNTING_TOOL", calls_file(folder));
  Outcome outcome = run_program(NVTX_SPANS_JOB, folder, {name}, more);
  EXPECT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_EQ(outcome.output, "");
  return outcome;
}

TEST(NvtxEmission, EverySpanIsARange) {
  const Folder folder;
  emit(folder, "spans", {{"NVTX_INJECTION64_PATH", NVTX_TOOL}});
  const std::vector<Calls> calls = calls_seen(folder);
  ASSERT_EQ(calls.size(), 2u);
  const Calls& parent = calls[0].contains("datamon/pin") ? calls[1] : calls[0];
  const Calls& child = calls[0].contains("datamon/pin") ? calls[0] : calls[1];
  EXPECT_EQ(parent.at("datamon/fetch"), 100);
  EXPECT_EQ(parent.at("datamon/read"), 100);
  EXPECT_EQ(parent.at("datamon/transform/blur"), 100);
  EXPECT_EQ(parent.at("datamon/collate"), 1);
  EXPECT_EQ(parent.at("datamon/send"), 2);
  EXPECT_EQ(parent.at("datamon/wait"), 1);
  EXPECT_EQ(child.at("datamon/pin"), 3);
  for (const Calls& process : calls) {
    EXPECT_EQ(process.at("left open"), 0);
    EXPECT_EQ(process.at("push"), process.at("pop"));
    EXPECT_FALSE(process.contains("pop without push"));
    EXPECT_FALSE(process.contains("foreign string"));
    EXPECT_EQ(process.at("create domain"), 1);
  }
  EXPECT_EQ(parent.at("register string"), 7);  // once a stage
}

TEST(NvtxEmission, SpansThatAreSkippedInsideOthersAreNoRanges) {
  const Folder folder;
  emit(folder, "inside", {{"NVTX_INJECTION64_PATH", NVTX_TOOL}});
  const std::vector<Calls> calls = calls_seen(folder);
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_EQ(calls[0].at("datamon/fetch"), 10);
  EXPECT_EQ(calls[0].at("left open"), 0);
  EXPECT_EQ(calls[0].at("push"), calls[0].at("pop"));
  EXPECT_FALSE(calls[0].contains("pop without push"));
}

TEST(NvtxEmission, TheRecordingIsTheSame) {
  const Folder folder, plain;
  emit(folder, "spans", {{"NVTX_INJECTION64_PATH", NVTX_TOOL}});
  const Outcome outcome = run_program(NVTX_SPANS_JOB, plain, {"spans"}, {{"MON_DIR", "rec"}});
  EXPECT_EQ(outcome.status, 0);
  const Recording with = Recording::open(folder / "rec"), without = Recording::open(plain / "rec");
  ASSERT_EQ(with.processes().size(), 2u);
  ASSERT_EQ(without.processes().size(), 2u);
  std::map<std::string, std::uint64_t> a, b;
  for (std::size_t i = 0; i < 2; ++i) {
    for (const auto& [name, number] : counts(with.processes()[i])) a[name] += number;
    for (const auto& [name, number] : counts(without.processes()[i])) b[name] += number;
  }
  EXPECT_EQ(a, b);
}

TEST(NvtxEmission, WithoutAToolNothingIsEmitted) {
  const Folder folder;
  emit(folder, "spans", {});
  EXPECT_TRUE(calls_seen(folder).empty());
  EXPECT_EQ(Recording::open(folder / "rec").processes().size(), 2u);
}

TEST(NvtxEmission, NotAskedForNothingIsEmitted) {
  const Folder folder;
  const Outcome outcome = run_program(NVTX_SPANS_JOB, folder, {"spans"},
                                      {{"MON_DIR", "rec"},
                                       {"NVTX_INJECTION64_PATH", NVTX_TOOL},
                                       {"COUNTING_TOOL", calls_file(folder)}});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_TRUE(calls_seen(folder).empty());
}

// The reader leaves the monitor's ranges alone, and its spans are not emitted:
// the tool sees the job's ranges and the job's spans, once each.
TEST(NvtxEmission, BesideTheReaderThereIsNoLoop) {
  for (const bool reader_by_monitor : {false, true}) {
    const Folder folder;
    Environment environment = {{"NVTX_INJECTION64_PATH", NVTX_READER},
                               {"MON_NVTX_CHAIN", NVTX_TOOL}};
    if (reader_by_monitor)
      environment = {{"NVTX_INJECTION64_PATH", NVTX_TOOL}, {"MON_NVTX_IN", "1"}};
    emit(folder, "both", environment);
    const std::vector<Calls> calls = calls_seen(folder);
    ASSERT_EQ(calls.size(), 1u);
    EXPECT_EQ(calls[0].at("push"), 30);
    EXPECT_EQ(calls[0].at("pop"), 30);
    EXPECT_EQ(calls[0].at("datamon/fetch"), 10);
    EXPECT_EQ(calls[0].at("/decode"), 10);
    EXPECT_EQ(calls[0].at("/train epoch"), 10);
    const Recording recording = Recording::open(folder / "rec");
    const ProcessFile& process = recording.processes().front();
    EXPECT_EQ(counts(process), (std::map<std::string, std::uint64_t>{
                                   {"fetch", 10}, {"decode", 10}, {"train epoch", 10}}));
  }
}

TEST(NvtxEmission, BesideTheReaderAloneNothingIsEmitted) {
  const Folder folder;
  emit(folder, "both", {{"MON_NVTX_IN", "1"}});
  const Recording recording = Recording::open(folder / "rec");
  EXPECT_EQ(
      counts(recording.processes().front()),
      (std::map<std::string, std::uint64_t>{{"fetch", 10}, {"decode", 10}, {"train epoch", 10}}));
}

}  // namespace
}  // namespace datamon::test
