// Files that are broken or meant to break something: an error or a partial result
// with a problem, in little memory, never more.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <functional>

#include "damage.h"
#include "import_files.h"
#include "import_input.h"
#include "report/import/kineto_event.h"
#include "report/interval_set.h"

namespace datamon::testing {
namespace {

std::string events(std::string_view inside) {
  return R"({"traceEvents":[{"ph":"X","cat":"kernel","name":"k","ts":1,"dur":2,"pid":0},)" +
         std::string(inside) + "]}";
}

void check(std::string_view text) {
  exercise_import(std::as_bytes(std::span(text.data(), text.size())), report::import_kineto);
}

TEST(HostileTrace, WhatComesBeforeTheDamageIsUsed) {
  for (const char* bad :
       {"{\"ph\":\"X\"", "{\"ph\" \"X\"}", "]]", "tru", "{1:2}", "\"open", "\\"}) {
    const report::Profile profile = kineto(events(bad));
    EXPECT_EQ(profile.import->records, 1u) << bad;
    EXPECT_EQ(profile.problems.size(), 1u) << bad;
    EXPECT_FALSE(profile.job.ended_cleanly) << bad;
  }
}

TEST(HostileTrace, NumbersOutOfRangeAreNone) {
  for (const char* bad :
       {R"("ts":NaN,"dur":1)", R"("ts":1e300,"dur":1)", R"("ts":1,"dur":-Infinity)",
        R"("ts":1,"dur":-1)", R"("ts":99999999999999999999,"dur":1)", R"("ts":"x","dur":1)",
        R"("ts":null,"dur":true)", R"("dur":1)", R"("ts":1.5.5,"dur":1)"}) {
    const report::Profile profile =
        kineto(events(std::string(R"({"ph":"X","cat":"kernel","name":"k",)") + bad + "}"));
    EXPECT_EQ(profile.import->records, 1u) << bad;
    EXPECT_EQ(profile.problems.size(), 1u) << bad;
  }
  check(events(R"({"ph":"X","cat":"kernel","ts":2305843009213693,"dur":2305843009213693},)"
               R"({"ph":"X","cat":"kernel","ts":-2305843009213693,"dur":1})"));
}

TEST(HostileTrace, TheLatestOfEqualKeysCounts) {
  const report::Profile profile = kineto(
      R"({"traceEvents":[{"ph":"i","ph":"X","cat":"x","cat":"kernel","ts":9,"ts":1,"dur":3}]})");
  EXPECT_EQ(profile.import->records, 1u);
  EXPECT_DOUBLE_EQ(profile.job.duration_s, 3e-6);
}

TEST(HostileTrace, DepthAndLengthAreBounded) {
  const report::Profile deep = kineto(events(std::string(1'000'000, '[')));
  EXPECT_EQ(deep.problems.size(), 1u);
  const std::string name(20'000'000, 'n');
  const report::Profile long_name =
      kineto(events(R"({"ph":"X","cat":"kernel","ts":1,"dur":1,"name":")" + name + "\"}"));
  EXPECT_EQ(long_name.import->records, 2u);
  check(events(R"({"ts":)" + std::string(1'000'000, '1') + "}"));
}

TEST(HostileTrace, ThreadsAndDevicesAreBounded) {
  std::string many;
  for (int i = 0; i < 2000; ++i) {
    const std::string id = std::to_string(i);
    many += R"({"ph":"X","cat":"kernel","ts":1,"dur":1,"args":{"device":)" + id + "}}," +
            R"({"ph":"X","cat":"cpu_op","name":"aten::item","ts":1,"dur":1,"tid":)" + id + "},";
  }
  many.pop_back();
  const report::Profile profile = kineto(events(many));
  EXPECT_LE(profile.gpu->devices.size(), 16u);
  EXPECT_EQ(profile.problems.size(), 1u);
}

TEST(HostileTrace, NamesOfKernelsAreBounded) {
  std::string many;
  for (int i = 0; i < 10'000; ++i)
    many += R"({"ph":"X","cat":"kernel","name":"k)" + std::to_string(i) +
            R"(\u001b<b>\"\ud800","ts":1,"dur":1},)";
  many.pop_back();
  const report::Profile profile = kineto(events(many));
  EXPECT_EQ(profile.gpu->devices.at(0).kernels, 10'001u);
  EXPECT_EQ(profile.gpu->devices.at(0).longest_kernels.size(), 3u);
  check(events(many));
}

TEST(HostileTrace, WhatIsNoTraceIsAnError) {
  for (const char* text :
       {"", "{}", "null", "12", "\"x\"", "{\"traceEvents\":3}", "\x1f\x8b", "hello"})
    EXPECT_THROW(kineto(text), report::ImportError) << text;
  EXPECT_THROW(report::import_kineto("/no/such/file"), report::ImportError);
}

TEST(HostileTrace, CutOffCompressionGivesWhatWasThere) {
  std::string inside;
  for (int i = 0; i < 5000; ++i)
    inside += R"({"ph":"X","cat":"kernel","name":"k","ts":)" + std::to_string(i * 7919 % 100'003) +
              R"(,"dur":2},)";
  const std::string whole = gzipped(events(inside + "{}"));
  const report::Profile profile = kineto(whole.substr(0, whole.size() / 2));
  EXPECT_GT(profile.import->records, 500u);
  ASSERT_EQ(profile.problems.size(), 1u);
  EXPECT_NE(profile.problems[0].what.find("cut off"), std::string::npos);
  std::string damaged = whole;
  for (std::size_t i = whole.size() / 2; i < whole.size() / 2 + 50; ++i) damaged[i] = 'x';
  check(damaged);
}

// 40 MB of blanks, and of one endless line, in 40 kB.
TEST(HostileTrace, CompressionBombsTakeNoMemory) {
  const auto resident_kb = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  const std::string blanks = gzipped("{\"traceEvents\":[" + std::string(40'000'000, ' ') + "]}");
  const std::string line = gzipped(std::string(40'000'000, 'p'));
  const long before = resident_kb();
  EXPECT_EQ(kineto(blanks).import->records, 0u);
  EXPECT_THROW(megengine(line), report::ImportError);
  // The address sanitizer keeps what was freed for a while.
#if defined(__SANITIZE_ADDRESS__)
  EXPECT_LT(resident_kb() - before, 3 * 24 * 1024);
#else
  EXPECT_LT(resident_kb() - before, 24 * 1024);
#endif
}

constexpr std::int64_t kMany = 100'000;

// Of 10 us each, half busy; `place` gives the order in which they are added.
double busy_share(std::int64_t (*place)(std::int64_t)) {
  report::IntervalSet set(1000);
  for (std::int64_t i = 0; i < kMany; ++i) set.add(place(i) * 10'000, place(i) * 10'000 + 5000);
  const report::TimeSpans spans = set.spans();
  EXPECT_LE(spans.size(), 1000u);
  EXPECT_GE(set.longest_closed_ns(), 5000);
  EXPECT_LE(set.longest_closed_ns(), 2'000'000);  // twice the mean distance of what fits
  EXPECT_EQ(spans.front().from, 0);
  EXPECT_EQ(spans.back().to, (kMany - 1) * 10'000 + 5000);
  return report::total_s(spans) - set.closed_s(spans);
}

TEST(Intervals, StayBoundedAndKnowTheGapsThatWereClosed) {
  EXPECT_NEAR(busy_share([](std::int64_t i) { return i; }), 0.5, 1e-6);
  // In no order at all it is an estimate: where the gaps lie is forgotten.
  const double shuffled = busy_share([](std::int64_t i) { return i * 48'271 % kMany; });
  EXPECT_GT(shuffled, 0.3);
  EXPECT_LT(shuffled, 0.55);
}

TEST(Intervals, AlgebraAgreesWithCountingMoments) {
  Dice dice(7);
  for (int round = 0; round < 300; ++round) {
    bool in_a[64] = {}, in_b[64] = {};
    report::IntervalSet a, b;
    for (int i = 0; i < 8; ++i) {
      const auto fill = [&](report::IntervalSet& set, bool* in) {
        const auto from = static_cast<std::int64_t>(dice.below(60));
        const auto to = from + static_cast<std::int64_t>(dice.below(5));
        set.add(from, to);
        for (std::int64_t t = from; t < to; ++t) in[t] = true;
      };
      fill(a, in_a);
      fill(b, in_b);
    }
    const report::TimeSpans both = report::intersection(a.spans(), b.spans());
    const report::TimeSpans only = report::difference(a.spans(), b.spans());
    for (std::int64_t t = 0; t < 64; ++t) {
      ASSERT_EQ(report::covered_ns(both, t, t + 1), in_a[t] && in_b[t]);
      ASSERT_EQ(report::covered_ns(only, t, t + 1), in_a[t] && !in_b[t]);
    }
  }
}

TEST(Times, AreExact) {
  std::int64_t ns = 0;
  ASSERT_TRUE(report::parse_us("1790857026000000.123", ns));
  EXPECT_EQ(ns, 1790857026000000123);
  ASSERT_TRUE(report::parse_us("-0.5", ns));
  EXPECT_EQ(ns, -500);
  ASSERT_TRUE(report::parse_us("1.5e3", ns));
  EXPECT_EQ(ns, 1'500'000);
  for (const char* text : {"", ".", "x", "1x", "1.x", "nan", "1e400", "inf"})
    EXPECT_FALSE(report::parse_us(text, ns)) << text;
}

// The fuzzers' corpora and random changes to them, in every build.
#if defined(__SANITIZE_THREAD__)
constexpr int kChanges = 30;
#else
constexpr int kChanges = 1500;
#endif

void replay(const char* corpus, report::Profile (*import)(const std::filesystem::path&)) {
  std::vector<Bytes> inputs;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(DATAMON_FUZZ_CORPORA) / corpus))
    inputs.push_back(read_bytes(entry.path()));
  ASSERT_GE(inputs.size(), 4u);
  for (const Bytes& input : inputs) exercise_import(input, import);
  Dice dice(5);
  for (int i = 0; i < kChanges; ++i) {
    Bytes bytes = inputs[dice.below(inputs.size())];
    for (std::size_t n = 1 + dice.below(4); n > 0 && bytes.size() > 8; --n) {
      const std::size_t at = dice.below(bytes.size() - 1);
      if (dice.below(6) == 0)
        bytes.resize(at + 1);
      else
        bytes[at] = static_cast<std::byte>("{}[]\",:0-9\\eN\n "[dice.below(16)]);
    }
    exercise_import(bytes, import);
  }
}

TEST(ImportReplay, Kineto) { replay("kineto", report::import_kineto); }
TEST(ImportReplay, MegEngineLog) { replay("megengine_log", report::import_megengine_log); }

}  // namespace
}  // namespace datamon::testing
