// NVTX ranges of real programs, as spans.
#include <gtest/gtest.h>

#include <algorithm>

#include "datamon/monitor.h"
#include "nvtx_job.h"

namespace datamon::test {
namespace {

using report::ProcessFile;
using report::Recording;
using Counts = std::map<std::string, std::uint64_t>;

const ProcessFile& only(const Recording& recording) {
  EXPECT_EQ(recording.processes().size(), 1u);
  return recording.processes().front();
}

const report::Stage& stage(const ProcessFile& process, const std::string& name) {
  for (const report::Stage& candidate : process.stages)
    if (candidate.name == name) return candidate;
  ADD_FAILURE() << "no stage " << name;
  return process.stages.front();
}

TEST(NvtxRanges, EveryKindOfRangeBecomesASpan) {
  const Folder folder;
  const Recording recording = record_ranges(folder, "calls");
  const ProcessFile& process = only(recording);
  const Counts expected = {
      {"fetch", 10}, {"decode", 11}, {"crop #", 10}, {"Gr\u00f6\u00dfe \U0001f600", 10},
      {"read", 7},   {"queue", 1},   {"wide", 1},
  };
  EXPECT_EQ(counts(process), expected);
  EXPECT_EQ(process.header.dropped_spans, 0u);
  EXPECT_EQ(process.header.mismatched_ends, 0u);
  EXPECT_EQ(stage(process, "crop #").stage_class, DATAMON_CLASS_OTHER);
  EXPECT_EQ(stage(process, "decode").id, DATAMON_DECODE);
}

TEST(NvtxRanges, PushedRangesNest) {
  const Folder folder;
  const Recording recording = record_ranges(folder, "calls");
  const ProcessFile& process = only(recording);
  const auto by_stage = sums(process);
  const Sum fetch = by_stage.at(DATAMON_FETCH), crop = by_stage.at(stage(process, "crop #").id);
  std::uint64_t pushed_decode = 0;
  for (const report::Track& track : process.tracks)
    for (const auto& spans : track.spans)
      for (const format::SpanRecord& span : spans) {
        const std::string& name = process.stage(span.stage)->name;
        const bool interval = (span.flags & format::kSpanInterval) != 0;
        if (name == "fetch") {
          EXPECT_EQ(span.depth, 0);
        }
        if (name == "crop #") {
          EXPECT_EQ(span.depth, 1);
        }
        if (name == "queue" || name == "wide") {
          EXPECT_TRUE(interval);
        }
        if (name == "decode" && !interval) pushed_decode += span.duration;
      }
  EXPECT_EQ(fetch.wall, fetch.self + pushed_decode + crop.wall);
}

TEST(NvtxRanges, ThoseOfThePayloadExtensionAreUnnamed) {
  const Folder folder;
  const Recording recording = record_ranges(folder, "payloads");
  const ProcessFile& process = only(recording);
  EXPECT_EQ(counts(process), (Counts{{"decode", 10}, {"unnamed range", 30}}));
  const Sum decode = sums(process).at(DATAMON_DECODE);
  EXPECT_LT(decode.self, decode.wall);  // the inner ones closed before it
  EXPECT_EQ(process.header.mismatched_ends, 0u);
}

TEST(NvtxRanges, ThreadsGetTheirNames) {
  const Folder folder;
  const Recording recording = record_ranges(folder, "calls");
  std::vector<std::string> names;
  for (const report::Track& track : only(recording).tracks) names.push_back(track.name);
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"main loop", "other thread"}));
}

TEST(NvtxRanges, AnotherThreadMayNameAThread) {
  const Folder folder;
  const Recording recording = record_ranges(folder, "names");
  std::vector<std::string> names;
  for (const report::Track& track : only(recording).tracks) names.push_back(track.name);
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"", "second name"}));
}

TEST(NvtxRanges, RulesOfTheUserComeFirst) {
  const Folder folder;
  const Recording recording = record_ranges(
      folder, "calls",
      reading(
          {{"MON_NVTX_RULES", "FETCH=-; crop *=transform/*\nloader/decode=read;wide=compute"}}));
  const ProcessFile& process = only(recording);
  const Counts expected = {{"transform/crop #", 10},
                           {"Gr\u00f6\u00dfe \U0001f600", 10},
                           {"read", 7 + 11},
                           {"queue", 1},
                           {"compute", 1}};
  EXPECT_EQ(counts(process), expected);
  EXPECT_EQ(stage(process, "transform/crop #").stage_class, DATAMON_CLASS_TRANSFORM);
}

TEST(NvtxRanges, RulesThatAreNoneAreLeftOutAndNamed) {
  const Folder folder;
  const Outcome outcome = run_program(NVTX_JOB, folder, {"calls", NVTX_PLUGIN},
                                      reading({{"MON_NVTX_RULES", "fetch;=x;crop*=decode"}}));
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.output,
            "datamon: MON_NVTX_RULES: what is not PATTERN=STAGE;PATTERN=STAGE... is left out\n");
  EXPECT_EQ(counts(only(Recording::open(folder / "rec"))).at("decode"), 21u);
}

TEST(NvtxRanges, OverlappingDomainsKeepCountsAndTimes) {
  const Folder folder;
  const Recording recording = record_ranges(folder, "overlapping");
  const ProcessFile& process = only(recording);
  EXPECT_EQ(counts(process), (Counts{{"x", 1000}, {"y", 1000}}));
  EXPECT_EQ(process.header.mismatched_ends, 0u);
  EXPECT_EQ(process.header.dropped_spans, 0u);
}

TEST(NvtxRanges, ALeakedRangeDoesNotSpoilTheOthers) {
  const Folder folder;
  const Recording recording = record_ranges(folder, "leaking");
  const ProcessFile& process = only(recording);
  EXPECT_EQ(counts(process).at("x"), 1000u);
  EXPECT_EQ(process.header.dropped_spans, 0u);
}

TEST(NvtxRanges, BrokenCallsDoNoHarm) {
  const Folder folder;
  const Recording recording = record_ranges(folder, "broken");
  const ProcessFile& process = only(recording);
  EXPECT_EQ(process.header.mismatched_ends, 0u);
  const Counts seen = counts(process);
  // Of six event attributes five have no name; two plain messages are NULL.
  EXPECT_EQ(seen.at("unnamed range"), 5u * 3 + 2);
  EXPECT_EQ(seen.at("other ranges"), 3u);  // a string that was never registered
  EXPECT_EQ(seen.at("\ufffd\ufffdx"), 1u);
  EXPECT_EQ(seen.at("\xff\xfe\xc3 \xe2\x82"), 1u);
  EXPECT_EQ(seen.at(std::string(104, 'n')), 1u);
}

TEST(NvtxRanges, DeepNestingIsCounted) {
  const Folder folder;
  const Recording recording = record_ranges(folder, "deep");
  const ProcessFile& process = only(recording);
  EXPECT_EQ(counts(process), (Counts{{"deep", 64}, {"after", 1}}));
  EXPECT_EQ(process.header.dropped_spans, 64u);  // the rest finds no place in the reader
  EXPECT_EQ(process.header.mismatched_ends, 0u);
}

TEST(NvtxRanges, ManyNamesShareOneStage) {
  const Folder folder;
  const Recording recording = record_ranges(folder, "many");
  const ProcessFile& process = only(recording);
  const Counts seen = counts(process);
  EXPECT_EQ(seen.at("step #"), 20'000u);
  EXPECT_EQ(seen.at("read"), 1u);
  EXPECT_LE(seen.size(), 260u);
  EXPECT_GE(seen.size(), 250u);
  std::uint64_t all = 0;
  for (const auto& [name, number] : seen) all += number;
  EXPECT_EQ(all + process.header.dropped_spans, 60'001u);
}

TEST(NvtxRanges, ManyThreadsAtOnce) {
  const Folder folder;
  const Recording recording = record_ranges(folder, "threads");
  const Counts seen = counts(only(recording));
  EXPECT_EQ(seen.at("fetch"), 16'000u);
  EXPECT_EQ(seen.at("decode"), 16'000u);
  EXPECT_EQ(seen.at("queue"), 16'000u);
  EXPECT_EQ(seen.at("wb"), 320u);
  EXPECT_EQ(seen.size(), 3u + 50u);
}

TEST(NvtxRanges, AForkedChildHasItsOwnRanges) {
  const Folder folder;
  const Recording recording = record_ranges(folder, "forking");
  ASSERT_EQ(recording.processes().size(), 2u);
  std::vector<Counts> seen;
  for (const ProcessFile& process : recording.processes()) {
    seen.push_back(counts(process));
    EXPECT_EQ(process.header.mismatched_ends, 0u);
  }
  if (seen[0].contains("read")) std::swap(seen[0], seen[1]);
  EXPECT_EQ(seen[0], (Counts{{"fetch", 1}, {"decode", 1}, {"queue", 1}}));
  EXPECT_EQ(seen[1], (Counts{{"read", 5}}));
}

TEST(NvtxRanges, MonNvtxInFindsTheReader) {
  const Folder folder;
  const Outcome outcome =
      run_program(NVTX_SPANS_JOB, folder, {"both"}, {{"MON_DIR", "rec"}, {"MON_NVTX_IN", "1"}});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.output, "");
  EXPECT_EQ(counts(only(Recording::open(folder / "rec"))),
            (Counts{{"fetch", 10}, {"decode", 10}, {"train epoch", 10}}));
}

TEST(NvtxRanges, WithoutMonNothingIsRecorded) {
  const Folder folder;
  const Outcome outcome = run_program(NVTX_JOB, folder, {"threads"}, reading({{"MON", ""}}));
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.output, "");
  EXPECT_FALSE(std::filesystem::exists(folder / "rec"));
}

}  // namespace
}  // namespace datamon::test
