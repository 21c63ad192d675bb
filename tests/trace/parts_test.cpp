// The parts of the trace export: text, files, arrows, interval counters.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>

#include "report/trace_events.h"
#include "report/trace_flows.h"
#include "report/trace_intervals.h"
#include "report/trace_json.h"
#include "report/trace_layout.h"
#include "report/trace_reader.h"
#include "report/trace_sink.h"

namespace datamon::report {
namespace {

namespace fs = std::filesystem;

class MemorySink : public TraceSink {
 public:
  void write(const char* data, std::size_t bytes) override { text.append(data, bytes); }
  void commit() override {}
  std::string text;
};

TEST(TraceJson, StringsAreValidWhateverTheBytes) {
  EXPECT_EQ(json_string("plain"), "\"plain\"");
  EXPECT_EQ(json_string("\"\\\n\x01"), R"("\"\\\n\u0001")");
  EXPECT_EQ(json_string("\xC3\xA9\xF0\x9F\x90\x8C"), "\"\xC3\xA9\xF0\x9F\x90\x8C\"");
  EXPECT_EQ(json_string("\xFF"), "\"\xEF\xBF\xBD\"");
  EXPECT_EQ(json_string("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
  EXPECT_EQ(json_string("\xE2\x82"), "\"\xEF\xBF\xBD\"");  // cut off: one replacement
  EXPECT_EQ(json_string(std::string_view("a\0b", 3)),
            "\"a\xEF\xBF\xBD"
            "b\"");
}

TEST(TraceJson, NumbersAreExact) {
  MemorySink sink;
  JsonBuffer out(sink);
  out.microseconds(0);
  out.text(" ");
  out.microseconds(1'234'567'890'123);
  out.text(" ");
  out.number(UINT64_MAX);
  for (const double value : {1.5, -0.0001, 1e300, 3.0, 0.1}) {
    out.text(" ");
    out.decimal(value);
  }
  out.flush();
  EXPECT_EQ(sink.text, "0.000 1234567890.123 18446744073709551615 1.5 0 1e+300 3 0.1");
}

TEST(TraceJson, TextLongerThanTheBufferPasses) {
  MemorySink sink;
  JsonBuffer out(sink);
  const std::string longer(3 << 20, 'x');
  out.text("a");
  out.text(longer);
  out.text("b");
  out.flush();
  EXPECT_EQ(sink.text, "a" + longer + "b");
  EXPECT_EQ(out.bytes_written(), sink.text.size());
}

class TraceSinkTest : public ::testing::Test {
 protected:
  TraceSinkTest() : folder_(fs::temp_directory_path() / ("sink-" + std::to_string(::getpid()))) {
    fs::create_directories(folder_);
  }
  ~TraceSinkTest() override { fs::remove_all(folder_); }
  std::string content(const fs::path& path) const {
    std::ostringstream out;
    out << std::ifstream(path).rdbuf();
    return out.str();
  }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  fs::path folder_;
};

TEST_F(TraceSinkTest, TheNameAppearsOnlyWhenAllIsWritten) {
  const fs::path path = folder_ / "t.json";
  auto sink = open_trace_sink({path});
  sink->write("whole", 5);
  EXPECT_FALSE(fs::exists(path));
  sink->commit();
  sink.reset();
  EXPECT_EQ(content(path), "whole");
  EXPECT_EQ(files(), 1u);
}

TEST_F(TraceSinkTest, AnAbandonedExportLeavesNothing) {
  open_trace_sink({folder_ / "t.json"})->write("half", 4);
  EXPECT_EQ(files(), 0u);
}

TEST_F(TraceSinkTest, AFileThatAppearedMeanwhileIsKept) {
  const fs::path path = folder_ / "t.json";
  auto sink = open_trace_sink({path});
  std::ofstream(path) << "another's";
  EXPECT_THROW(sink->commit(), TraceOutputError);
  sink.reset();
  EXPECT_EQ(content(path), "another's");
  EXPECT_EQ(files(), 1u);
}

TEST_F(TraceSinkTest, OverwritesOnlyWhenAsked) {
  const fs::path path = folder_ / "t.json";
  std::ofstream(path) << "old";
  EXPECT_THROW(open_trace_sink({path}), TraceOutputError);
  auto sink = open_trace_sink({path, true});
  sink->write("new", 3);
  EXPECT_EQ(content(path), "old");
  sink->commit();
  EXPECT_EQ(content(path), "new");
}

TEST_F(TraceSinkTest, WrongPlacesAreNamed) {
  EXPECT_THROW(open_trace_sink({folder_}), TraceOutputError);
  EXPECT_THROW(open_trace_sink({folder_ / "none" / "t.json"}), TraceOutputError);
  EXPECT_THROW(open_trace_sink({""}), TraceOutputError);
  auto full = open_trace_sink({"/dev/full"});
  EXPECT_THROW(full->write("x", 1), TraceOutputError);
}

TEST(FlowMatcher, PairsInEitherOrder) {
  FlowMatcher flows;
  EXPECT_FALSE(flows.received({0, 0, 7}, {100, 1}));
  const auto flow = flows.sent({0, 0, 7}, {90, 2});
  ASSERT_TRUE(flow);
  EXPECT_EQ(flow->send.start, 90);
  EXPECT_EQ(flow->receive.start, 100);
  EXPECT_FALSE(flows.sent({0, 0, 8}, {95, 2}));  // its send returned after it was received
  EXPECT_TRUE(flows.received({0, 0, 8}, {97, 1}));
}

TEST(FlowMatcher, NumbersThatRepeatEveryEpochStayApart) {
  FlowMatcher flows;
  EXPECT_FALSE(flows.sent({0, 0, 1}, {500, 2}));      // sent, never received: the epoch broke off
  EXPECT_FALSE(flows.received({0, 0, 1}, {100, 1}));  // the epoch before
  const auto flow = flows.sent({0, 0, 1}, {90, 2});
  ASSERT_TRUE(flow);
  EXPECT_EQ(flow->receive.start, 100);
}

TEST(FlowMatcher, LoadersAndGroupsStayApart) {
  FlowMatcher flows;
  EXPECT_FALSE(flows.received({0, 0, 1}, {100, 1}));
  EXPECT_FALSE(flows.sent({0, 1, 1}, {90, 2}));
  EXPECT_FALSE(flows.sent({1, 0, 1}, {90, 3}));
  EXPECT_TRUE(flows.sent({0, 0, 1}, {90, 4}));
}

TEST(FlowMatcher, WhatWaitsLongestIsGivenUp) {
  FlowMatcher flows(100);
  for (std::uint64_t batch = 0; batch < 1000; ++batch) flows.received({0, 0, batch}, {5000, 1});
  EXPECT_FALSE(flows.sent({0, 0, 3}, {90, 2}));
  EXPECT_TRUE(flows.sent({0, 0, 999}, {90, 2}));
}

TEST(IntervalCounter, CountsWhatIsOpen) {
  MemorySink sink;
  JsonBuffer out(sink);
  TraceEvents events(out);
  IntervalCounter counter(1, "ready");
  counter.add(40, 60, events);
  counter.add(20, 50, events);
  counter.add(10, 20, events);  // ends where the one before began
  counter.finish(0, events);
  out.flush();
  std::vector<std::string> values;
  std::istringstream lines(sink.text);
  for (std::string line; std::getline(lines, line);)
    if (const auto at = line.find("\"ts\":"); at != line.npos)
      values.push_back(line.substr(at + 5, 5) + line.substr(line.find("count\":") + 6, 2));
  EXPECT_EQ(values, (std::vector<std::string>{"0.060:0", "0.050:1", "0.040:2", "0.020:1", "0.010:1",
                                              "0.000:0"}));
}

// Each stored span is at most so many places away from where it belongs.
TEST(TraceReader, PutsTheSpansOfADeviceInOrder) {
  constexpr std::size_t kAhead = 50;
  std::mt19937 random(5);
  std::vector<format::SpanRecord> stored(3000);
  for (std::size_t i = 0; i < stored.size(); ++i) {
    stored[i].start = 100 * i;
    stored[i].duration = 50;
    stored[i].id = i;
  }
  for (std::size_t i = 0; i + kAhead <= stored.size(); i += kAhead)
    std::shuffle(stored.begin() + static_cast<std::ptrdiff_t>(i),
                 stored.begin() + static_cast<std::ptrdiff_t>(i + kAhead), random);
  Track track;
  for (std::size_t i = 0; i < stored.size(); i += 1000)
    track.spans.push_back(std::span(stored).subspan(i, 1000));
  const ProcessTime time{TickMap(0, 0, 1), UINT64_MAX, 0};
  std::uint64_t expected = stored.size();
  for (TraceReader reader(track, time, kAhead); !reader.done(); reader.next())
    ASSERT_EQ(reader.span().id, --expected);
  EXPECT_EQ(expected, 0u);
}

TEST(TraceLayout, KeepsNoMoreAncestorsThanSpansNest) {
  TraceLayout layout;
  int placed = 0;
  for (int i = 0; i < 100'000; ++i)
    placed += layout.place(10, 1'000'000, TraceLayout::kUnknownDepth, false).has_value();
  EXPECT_EQ(placed, 256);
  EXPECT_TRUE(layout.place(5, 8, TraceLayout::kUnknownDepth, false));
}

}  // namespace
}  // namespace datamon::report
