// The text and JSON reports: golden outputs, and names that try to do harm.
// DATAMON_UPDATE_GOLDEN=1 rewrites the golden files; look at the difference.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "profile_model.h"
#include "report/diagnosis.h"
#include "report/forecast/forecast_text.h"
#include "report/reporter.h"
#include "report/shell_word.h"
#include "report/text_layout.h"
#include "report/text_units.h"

namespace datamon::report {
namespace {

using ::testing::HasSubstr;
using testing::make_profile;
using ::testing::Not;
using testing::ProfileModel;

// A decoder-bound job on a machine that tells everything.
Profile typical() {
  ProfileModel model;
  model.workers = 3;
  model.cost.decode = 9e-3;
  Profile profile = make_profile(model);
  profile.job.command = "/usr/bin/python3 train.py --epochs 2";
  profile.job.recording = "runs/a";
  profile.machine.disk = "nvme0n1";
  profile.machine.disk_read_bytes_per_s = 21e6;
  profile.machine.disk_busy_share = 0.02;
  profile.machine.page_cache_hit_share = 0.97;
  profile.machine.psi_cpu_some = 0.1;
  profile.machine.memory_total_bytes = 64e9;
  profile.machine.memory_available_bytes = 48e9;
  profile.loaders = {0, 1};
  return profile;
}

void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = std::string(DATAMON_GOLDEN) + "/" + name;
  if (std::getenv("DATAMON_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
    return;
  }
  std::ifstream file(path, std::ios::binary);
  const std::string golden{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  EXPECT_EQ(text, golden) << "differs from " << path;
}

std::string text_of(const Profile& profile, const TextStyle& style) {
  return text_reporter(style)->render(profile, diagnose(profile));
}

TEST(TextReport, Golden) {
  expect_golden("decode-bound-100.txt", text_of(typical(), {.width = 100}));
  expect_golden("decode-bound-80-ascii.txt", text_of(typical(), {.width = 80, .utf8 = false}));
}

TEST(TextReport, GoldenForAnEmptyRecording) {
  expect_golden("empty.txt", text_of({}, {.width = 80}));
}

TEST(JsonReport, Golden) {
  const Profile profile = typical();
  expect_golden("decode-bound.json", json_reporter()->render(profile, diagnose(profile)));
}

// Line breaks and what follows them as one space.
std::string unwrapped(const std::string& text) {
  return std::regex_replace(text, std::regex("\\s+"), " ");
}

// The time of the step itself is lost in the noise: no factor can be promised.
TEST(TextReport, StepThatDoesNothingButWait) {
  ProfileModel model;
  model.cost.decode = 20e-3;
  model.compute_s = 2e-6;
  model.receive_s = 1e-6;
  std::string text = unwrapped(text_of(make_profile(model), {.width = 140}));
  EXPECT_THAT(text, HasSubstr("more than 100x as fast"));
  EXPECT_THAT(text, HasSubstr("next to nothing but wait"));
  EXPECT_THAT(text, Not(HasSubstr("at most")));
  model.compute_s = 1e-3;
  text = text_of(make_profile(model), {.width = 140});
  EXPECT_THAT(text, HasSubstr("at most"));
  EXPECT_THAT(text, Not(HasSubstr("more than 100x")));
}

// A loop that receives for most of what it waits; a batch takes its worker 4.4 ms.
Profile receiving() {
  ProfileModel model;
  model.workers = 1;
  model.receive_s = 3e-3;
  model.compute_s = 0.5e-3;
  return make_profile(model);
}

// "4⏎%" says nothing on either line.
TEST(TextReport, NumbersStayWithTheirUnits) {
  const std::regex torn("[0-9]\\n +(%|(ns|us|ms|s|min|h|B|kB|MB|GB|items/s|steps/s)\\b)");
  for (int width = 76; width <= 140; ++width) {
    const std::string text = text_of(typical(), {.width = width});
    EXPECT_FALSE(std::regex_search(text, torn)) << text;
  }
}

// What is received inside of the wait is a row of its own; together they are the loop.
TEST(TextReport, RowsOfTheLoopAddUp) {
  for (const Profile& profile : {typical(), receiving()}) {
    double share = 0;
    for (const StageProfile& stage : profile.stages)
      if (stage.on_consumer) share += shown_share(profile.consumer, stage);
    EXPECT_NEAR(share, 1, 1e-3);
  }
  const std::string plain = text_of(typical(), {});
  EXPECT_THAT(plain, Not(HasSubstr("(the rest)")));
  EXPECT_THAT(plain, Not(HasSubstr("without what is nested")));
  const std::string nested = text_of(receiving(), {});
  EXPECT_THAT(nested, HasSubstr("wait (the rest)"));
  EXPECT_THAT(nested, HasSubstr("share, self: without what is nested; p50, p99: with it"));
}

// Received batches are no faster for being ready: the bound that the forecast names.
TEST(TextReport, HandOffVerdictNamesTheLowerBound) {
  const Profile profile = receiving();
  const Diagnosis diagnosis = diagnose(profile);
  ASSERT_EQ(diagnosis.verdict.label, Label::kHandoffBound);
  ForecastSection section = forecast_section(profile, diagnosis);
  ASSERT_EQ(section.why_not, "");
  const auto text = [&] {
    return unwrapped(text_reporter({.width = 140})->render(profile, diagnosis, &section));
  };
  const std::string most = rate_text(section.bounds.consumer) + " items/s";
  EXPECT_THAT(text(), HasSubstr("With batches always ready, but received as now, it would run"));
  EXPECT_THAT(text(), HasSubstr(most));
  EXPECT_THAT(forecasts_table(section, {.width = 140}),
              HasSubstr("consumer (receiving included) " + rate_text(section.bounds.consumer)));
  section.why_not = "of the test";
  EXPECT_THAT(text(), HasSubstr("Without that wait it would run at most"));
}

// The page says how much more there is, and shows the first three at any width.
TEST(TextReport, NothingIsLeftOutWithoutAWord) {
  const Profile profile = typical();
  Diagnosis diagnosis = diagnose(profile);
  ASSERT_GE(diagnosis.remedies.size(), 3u);
  ASSERT_GE(diagnosis.unhelpful.size(), 2u);
  const std::size_t more = diagnosis.remedies.size() - 3;
  for (int width : {80, 100, 140}) {
    const std::string text = text_reporter({.width = width})->render(profile, diagnosis);
    EXPECT_THAT(text, HasSubstr("\n  3 ")) << width;
    EXPECT_THAT(text, HasSubstr("what would help (" + std::to_string(more) + " more: --json)"));
  }
  const std::string left = std::to_string(diagnosis.unhelpful.size() - 1);
  EXPECT_THAT(text_reporter({.width = 80})->render(profile, diagnosis),
              HasSubstr("what would not (" + left + " more: --width 100 or --json)"));
  diagnosis.remedies.resize(3);
  EXPECT_THAT(text_reporter({.width = 100})->render(profile, diagnosis),
              HasSubstr("what would help\n"));
}

TEST(TextReport, ADiskThatNobodyReadsHasNoLatency) {
  Profile profile = typical();
  profile.machine.disk_read_latency_ms = 0.5;
  EXPECT_THAT(text_of(profile, {}), HasSubstr("500 us a read"));
  profile.machine.disk_read_latency_ms = 0;
  EXPECT_THAT(text_of(profile, {}), Not(HasSubstr(" a read")));
}

TEST(TextReport, FitsEveryWidth) {
  for (int width = 76; width <= 140; width += 4) {
    std::istringstream lines(text_of(typical(), {.width = width}));
    for (std::string line; std::getline(lines, line);)
      EXPECT_LE(display_width(line), static_cast<std::size_t>(width)) << line;
  }
}

// A crowded machine has the most to say: parts of a stage, four reasons, doubts.
TEST(TextReport, FitsOneScreen) {
  ProfileModel model;
  model.workers = 2;
  model.cores = 2;
  model.other_programs = 1.1;
  model.crowded = 0.5;
  model.receive_s = 1e-5;
  model.cost = {.read = 1e-4,
                .decode = 4e-3,
                .transform = 3e-5,
                .collate = 1e-6,
                .send = 1e-4,
                .other = 1e-5};
  Profile profile = make_profile(model);
  profile.job = typical().job;
  profile.machine.psi_cpu_some = 0.96;
  profile.machine.psi_io_some = profile.machine.psi_memory_some = 0;
  const auto transform =
      std::find_if(profile.stages.begin(), profile.stages.end(),
                   [](const StageProfile& stage) { return stage.name == "transform"; });
  ASSERT_NE(transform, profile.stages.end());
  StageProfile part = *transform;
  part.self_s *= 300;
  part.share *= 300;
  part.name = "transform/resize";
  const auto below = profile.stages.insert(transform + 1, part);
  part.name = "transform/flip";
  profile.stages.insert(below, part);
  for (int width : {80, 100, 120}) {
    const std::string text = text_of(profile, {.width = width});
    EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 48) << text;
    for (const char* part_of_report :
         {"INPUT-BOUND", "resize", "other programs", "what would help"})
      EXPECT_THAT(text, HasSubstr(part_of_report));
  }
}

// Stages that cost next to nothing take one line, unless they have parts below them.
TEST(TextReport, SmallStagesShareALine) {
  Profile profile = typical();
  for (StageProfile& stage : profile.stages)
    if (stage.name == "read" || stage.name == "collate" || stage.name == "send")
      stage.share = 0.004;
  std::string text = text_of(profile, {.width = 100});
  EXPECT_THAT(text, HasSubstr("  1 % in all: read, collate, send\n"));
  for (StageProfile& stage : profile.stages)
    if (stage.name == "send") stage.share = 0.02;
  text = text_of(profile, {.width = 100});
  EXPECT_THAT(text, Not(HasSubstr("in all:")));
}

// Beside so little work the monitor's fixed cost is a multiple of it, and says nothing.
TEST(TextReport, NoShareOfAShortJob) {
  Profile profile = typical();
  profile.monitor.busy_s = 2e-3;
  profile.monitor.cost_s = 15.5e-3;
  profile.monitor.cost_share = 7.77;
  const std::string text = text_of(profile, {});
  EXPECT_THAT(text, HasSubstr("cost 15.5 ms ·"));
  EXPECT_THAT(text, Not(HasSubstr("777 %")));
}

TEST(TextReport, CommandsNameTheRecording) {
  Profile profile = typical();
  profile.job.recording = "it's here/a";
  ForecastSection forecasts;
  Diagnosis diagnosis = diagnose(profile);
  diagnosis.loaders = {{0, "train", 9, 0.5, Label::kDecodeBound},
                       {1, "test", 9, 0.1, Label::kComputeBound}};
  for (int i = 0; i < 9; ++i) profile.problems.push_back({"a.mon", 1, "damage"});
  for (const int width : {76, 140}) {
    const std::string text =
        text_reporter({.width = width})->render(profile, diagnosis, &forecasts);
    for (const char* command :
         {"next: datamon trace 'it'\\''s here/a' -o trace.json\n",
          " datamon forecast 'it'\\''s here/a'\n", " datamon report 'it'\\''s here/a' --json\n",
          " datamon report 'it'\\''s here/a' --loader 1\n"})
      EXPECT_THAT(text, HasSubstr(command));
  }
}

TEST(ShellWord, IsOneWordAndNoMore) {
  EXPECT_EQ(shell_word("runs/a-1_2.b"), "runs/a-1_2.b");
  EXPECT_EQ(shell_word("my runs"), "'my runs'");
  EXPECT_EQ(shell_word("$(rm)"), "'$(rm)'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word("-o"), "./-o");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("a\x1b'\n"), "$'a\\033\\'\\012'");
}

// Whoever can name a file must not be able to drive the reader's terminal.
TEST(TextReport, NamesCannotDriveTheTerminal) {
  Profile profile = typical();
  const std::string evil =
      "a\x1b]0;owned\x07\x1b[2J\n\r\xff\xc2\x9b"
      "5m\xe2\x80\xae"
      "b";
  profile.job.command = profile.job.recording = profile.loader_name = evil;
  profile.machine.disk = profile.machine.gpu = evil;
  for (StageProfile& stage : profile.stages) stage.name = evil;
  SlowItem slow;
  slow.name = slow.stage = evil;
  slow.parts_ms = {{evil, 1.0}};
  profile.slow_items.push_back(slow);
  profile.problems.push_back({evil, 7, evil});
  const std::string text = text_of(profile, {});
  for (const char* bad : {"\x1b", "\r", "\xff", "\xc2\x9b", "\xe2\x80\xae", "\x07"})
    EXPECT_THAT(text, Not(HasSubstr(bad)));
  const auto json = nlohmann::json::parse(json_reporter()->render(profile, diagnose(profile)));
  EXPECT_THAT(json["stages"][0]["name"].get<std::string>(), HasSubstr("\xEF\xBF\xBD"));
}

TEST(JsonReport, SharesAreThoseOfTheText) {
  const Profile profile = receiving();
  const auto json = nlohmann::json::parse(json_reporter()->render(profile, diagnose(profile)));
  double loop = 0, making = 0;
  for (const auto& stage : json["stages"])
    (stage["on_consumer"] ? loop : making) += stage["share"].get<double>();
  EXPECT_NEAR(loop, 1, 1e-3);
  EXPECT_NEAR(making, 1, 1e-3);
}

TEST(JsonReport, WhatIsNotKnownIsNull) {
  const Profile profile = typical();
  const auto json = nlohmann::json::parse(json_reporter()->render(profile, diagnose(profile)));
  EXPECT_TRUE(json["machine"]["gpu_busy_share"].is_null());
  EXPECT_EQ(json["verdict"]["label"], "decode-bound");
}

TEST(TextUnits, TwoToThreeDigits) {
  EXPECT_EQ(time_text(0.00612), "6.1 ms");
  EXPECT_EQ(time_text(412e-9), "412 ns");
  EXPECT_EQ(time_text(125), "2 min 5 s");
  EXPECT_EQ(percent_text(0.634), "63 %");
  EXPECT_EQ(percent_text(0.004), "0.4 %");
  EXPECT_EQ(percent_text(1e-9), "<0.01 %");
  EXPECT_EQ(bytes_text(90'000), "90.0 kB");
  EXPECT_EQ(count_text(1'234'567), "1.2M");
  EXPECT_EQ(factor_text(2.68), "2.7x");
  EXPECT_EQ(time_text(std::nan("")), "?");
}

TEST(TextLayout, WrapsAndCutsByColumns) {
  EXPECT_EQ(wrap("one two three", 9, "- ", "  "), "- one two\n  three\n");
  EXPECT_EQ(wrap("after 1.0 s (4 %), 2 turns", 10, "", ""), "after\n1.0 s\n(4 %), 2\nturns\n");
  EXPECT_EQ(cut("abcdef", 4), "abc…");
  EXPECT_EQ(cut_front("abcdef", 4), "…def");
  EXPECT_EQ(display_width("数据"), 4u);
  EXPECT_EQ(bar(0.5, 4), "██");
}

}  // namespace
}  // namespace datamon::report
