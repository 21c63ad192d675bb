// A second tool behind the reader gets every call, as without the reader.
#include <gtest/gtest.h>

#include "nvtx_job.h"

namespace datamon::test {
namespace {

using report::Recording;

// The calls that the tool sees when it is the only one.
std::vector<Calls> alone(const std::string& name) {
  const Folder folder;
  const Outcome outcome = run_program(
      NVTX_JOB, folder, {name, NVTX_PLUGIN},
      {{"MON", ""}, {"NVTX_INJECTION64_PATH", NVTX_TOOL}, {"COUNTING_TOOL", calls_file(folder)}});
  EXPECT_EQ(outcome.status, 0) << outcome.output;
  return calls_seen(folder);
}

std::vector<Calls> chained(const Folder& folder, const std::string& name, Environment more = {}) {
  more.emplace_back("MON_NVTX_CHAIN", NVTX_TOOL);
  more.emplace_back("COUNTING_TOOL", calls_file(folder));
  const Outcome outcome =
      run_program(NVTX_JOB, folder, {name, NVTX_PLUGIN}, reading(std::move(more)));
  EXPECT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_EQ(outcome.output, "");
  return calls_seen(folder);
}

// One initialisation for all shared objects; every other count the same.
void expect_same_calls(std::vector<Calls> with, std::vector<Calls> without) {
  ASSERT_EQ(with.size(), without.size());
  for (std::size_t i = 0; i < with.size(); ++i) {
    EXPECT_EQ(with[i]["initialise"], 1);
    EXPECT_GE(without[i]["initialise"], 1);
    with[i].erase("initialise");
    without[i].erase("initialise");
    EXPECT_EQ(with[i], without[i]);
  }
}

class Chain : public testing::TestWithParam<const char*> {};

TEST_P(Chain, GetsEveryCall) {
  const Folder folder;
  const std::vector<Calls> with = chained(folder, GetParam()), without = alone(GetParam());
  expect_same_calls(with, without);
}

INSTANTIATE_TEST_SUITE_P(Jobs, Chain,
                         testing::Values("calls", "payloads", "names", "overlapping", "leaking",
                                         "deep", "threads", "forking"),
                         [](const auto& job) { return std::string(job.param); });

TEST(NvtxChain, BothSeeTheJob) {
  const Folder folder, without;
  const std::vector<Calls> calls = chained(folder, "calls");
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_EQ(calls[0].at("push"), 47);
  EXPECT_EQ(calls[0].at("pop"), 47);
  EXPECT_EQ(calls[0].at("start"), 3);
  EXPECT_EQ(calls[0].at("end"), 3);
  EXPECT_EQ(calls[0].at("mark"), 20);
  EXPECT_EQ(calls[0].at("loader/decode"), 10);
  EXPECT_FALSE(calls[0].contains("foreign domain"));
  EXPECT_FALSE(calls[0].contains("foreign string"));
  const Recording with_tool = Recording::open(folder / "rec");
  const Recording alone = record_ranges(without, "calls");
  EXPECT_EQ(counts(with_tool.processes().front()), counts(alone.processes().front()));
}

TEST(NvtxChain, WithoutMonTheToolIsAsAlone) {
  const Folder folder;
  const std::vector<Calls> with = chained(folder, "calls", {{"MON", ""}});
  EXPECT_EQ(with, alone("calls"));
  EXPECT_FALSE(std::filesystem::exists(folder / "rec"));
}

TEST(NvtxChain, AToolThatCannotBeOpenedIsLeftOut) {
  const Folder folder;
  const Outcome outcome = run_program(NVTX_JOB, folder, {"calls", NVTX_PLUGIN},
                                      reading({{"MON_NVTX_CHAIN", "/nowhere/tool.so"}}));
  EXPECT_EQ(outcome.status, 0);
  EXPECT_TRUE(outcome.output.starts_with(
      "datamon: the NVTX tool MON_NVTX_CHAIN=/nowhere/tool.so is left out: "))
      << outcome.output;
  EXPECT_EQ(counts(Recording::open(folder / "rec").processes().front()).at("decode"), 11u);
}

TEST(NvtxChain, TheReaderItselfIsNoTool) {
  const Folder folder;
  const Recording recording =
      record_ranges(folder, "calls", reading({{"MON_NVTX_CHAIN", NVTX_READER}}));
  EXPECT_EQ(counts(recording.processes().front()).at("decode"), 11u);
}

// The monitor keeps what NVTX_INJECTION64_PATH named.
TEST(NvtxChain, MonNvtxInKeepsTheTool) {
  const Folder folder;
  const Outcome outcome = run_program(NVTX_SPANS_JOB, folder, {"both"},
                                      {{"MON_DIR", "rec"},
                                       {"MON_NVTX_IN", "1"},
                                       {"NVTX_INJECTION64_PATH", NVTX_TOOL},
                                       {"COUNTING_TOOL", calls_file(folder)}});
  EXPECT_EQ(outcome.status, 0) << outcome.output;
  const std::vector<Calls> calls = calls_seen(folder);
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_EQ(calls[0].at("push"), 20);
  EXPECT_EQ(counts(Recording::open(folder / "rec").processes().front()).at("decode"), 10u);
}

}  // namespace
}  // namespace datamon::test
