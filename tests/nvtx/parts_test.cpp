// Rules, names and tables by themselves.
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "handle_table.h"
#include "names.h"
#include "rules.h"
#include "text.h"

namespace datamon::nvtx {
namespace {

TEST(NvtxRules, PatternsMatchAllOfAName) {
  EXPECT_TRUE(matches("decode", "Decode"));
  EXPECT_TRUE(matches("data loading", "Data_Loading"));
  EXPECT_TRUE(matches("data-loading", "data loading"));
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("a*b*c", "aXbXbXc"));
  EXPECT_TRUE(matches("?ec", "dec"));
  EXPECT_TRUE(matches("[DALI]*", "[DALI][CPU op]"));
  EXPECT_FALSE(matches("decode", "decoder"));
  EXPECT_FALSE(matches("?", ""));
  EXPECT_FALSE(matches("a*b", "aXbX"));
  EXPECT_FALSE(matches("", "x"));
  EXPECT_TRUE(matches("", ""));
}

TEST(NvtxRules, AMatchTakesBoundedTime) {
  const std::string pattern = "a*a*a*a*a*a*a*a*a*a*a*a*b", text(256, 'a');
  EXPECT_FALSE(matches(pattern, text));
}

TEST(NvtxRules, KnownLibrariesAreRecognised) {
  load_rules("");
  EXPECT_EQ(find_rule("", "enumerate(DataLoader)#_MultiProcessingDataLoaderIter.__next__"), "wait");
  EXPECT_EQ(find_rule("", "Optimizer.step#SGD.step"), "compute");
  EXPECT_EQ(find_rule("", "Data Loading"), "wait");
  EXPECT_EQ(find_rule("", "dataloader creation"), "");
  EXPECT_EQ(find_rule("", "decoder_layer"), "");
  EXPECT_EQ(find_rule("DALI", "[DALI][CPU op] Run decoders__Image"), "decode");
  EXPECT_EQ(find_rule("DALI", "[DALI][CPU op] Run readers__File"), "read");
  EXPECT_EQ(find_rule("DALI", "[DALI][GPU op] Run Resize"), "transform/*");
  EXPECT_EQ(find_rule("DALI", "[DALI][VideoReader] Prefetch ##"), "read");
  EXPECT_EQ(find_rule("libcudf", "read_parquet"), "read");
  EXPECT_EQ(find_rule("", "read_parquet"), "");
}

TEST(NvtxRules, TheUsersRulesReplaceAndPrecede) {
  EXPECT_TRUE(load_rules(" forward = wait ;\n\n x=y=decode;mine/*=read "));
  EXPECT_EQ(find_rule("", "Forward"), "wait");
  EXPECT_EQ(find_rule("", "x=y"), "decode");
  EXPECT_EQ(find_rule("mine", "any"), "read");
  EXPECT_EQ(find_rule("other", "any"), "");
  EXPECT_FALSE(load_rules("a"));
  EXPECT_FALSE(load_rules("=b"));
  EXPECT_FALSE(load_rules("a="));
  EXPECT_FALSE(load_rules(std::string(10'000, 'x')));
  std::string many;
  for (int i = 0; i < 100; ++i) many += "a" + std::to_string(i) + "=read;";
  EXPECT_FALSE(load_rules(many));
  EXPECT_EQ(find_rule("", "a63"), "read");
  EXPECT_TRUE(load_rules(""));
  EXPECT_EQ(find_rule("", "a63"), "");
}

std::string plain(std::string_view name) {
  char to[kMostNameBytes];
  bool changed = false;
  const std::string text(without_numbers(name, to, sizeof to, changed));
  EXPECT_EQ(changed, text != name) << name;
  return text;
}

TEST(NvtxNames, NumbersThatStandAloneAreNoPartOfAName) {
  EXPECT_EQ(plain("step 17"), "step #");
  EXPECT_EQ(plain("17"), "#");
  EXPECT_EQ(plain("img_0001.jpg"), "img_#.jpg");
  EXPECT_EQ(plain("aten::add, seq = 12, sizes = [[32, 3]]"),
            "aten::add, seq = #, sizes = [[#, #]]");
  EXPECT_EQ(plain("conv2d"), "conv2d");
  EXPECT_EQ(plain("3d pool"), "3d pool");
  EXPECT_EQ(plain("layer4.12.conv1"), "layer4.#.conv1");
  EXPECT_EQ(plain("1\u00e9"), "1\u00e9");
  EXPECT_EQ(plain(""), "");
}

TEST(NvtxNames, WithoutAMonitorThereIsNoStage) {
  const Domain domain;
  EXPECT_EQ(stage_of(domain, "no such name"), DATAMON_NO_STAGE);
  EXPECT_EQ(stage_of(domain, "DECODE"), DATAMON_DECODE);
}

TEST(NvtxText, WideNamesBecomeUtf8) {
  EXPECT_EQ(Text(L"a\u00f6\u20ac\U0001f600").view(), "a\u00f6\u20ac\U0001f600");
  EXPECT_EQ(Text(static_cast<const wchar_t*>(nullptr)).view(), "");
  EXPECT_EQ(Text(static_cast<const char*>(nullptr)).view(), "");
  const std::wstring wide(10'000, L'\u20ac');
  const Text cut(wide.c_str());
  EXPECT_EQ(cut.view().size() % 3, 0u);
  EXPECT_LE(cut.view().size(), kMostNameBytes);
  EXPECT_EQ(Text(std::string(10'000, 'x').c_str()).view().size(), kMostNameBytes);
}

TEST(NvtxText, HashesTellNamesApart) {
  std::vector<std::uint64_t> seen;
  for (int i = 0; i < 20'000; ++i)
    for (const char* text : {"", "step ", "a longer name of a range "})
      seen.push_back(hash_of(text + std::to_string(i)));
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
  EXPECT_NE(hash_of("a", 1), hash_of("a", 2));
  EXPECT_NE(hash_of(std::string_view("a\0", 2)), hash_of("a"));
}

TEST(NvtxTable, KeepsFindsAndGivesBack) {
  static HandleTable<64> table;
  EXPECT_FALSE(table.insert(0, {1, 1}));
  EXPECT_FALSE(table.insert(UINT64_MAX, {1, 1}));
  int kept = 0;
  for (std::uint64_t key = 1; key <= 1000; ++key) kept += table.insert(key, {key, key * 2});
  EXPECT_GT(kept, 16);
  EXPECT_LE(kept, 64);
  int found = 0;
  for (std::uint64_t key = 1; key <= 1000; ++key) {
    const auto words = table.take(key);
    if (!words) continue;
    ++found;
    EXPECT_EQ(words->first, key);
    EXPECT_EQ(words->second, key * 2);
    EXPECT_FALSE(table.find(key));
  }
  EXPECT_EQ(found, kept);
  EXPECT_TRUE(table.insert(5, {1, 2}));
  EXPECT_TRUE(table.insert(5, {3, 4}));
  EXPECT_EQ(table.find(5)->first, 3u);
}

TEST(NvtxTable, ThreadsDoNotMixEntries) {
  static HandleTable<256> table;
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (std::uint64_t t = 0; t < 4; ++t)
    threads.emplace_back([&wrong, t] {
      for (std::uint64_t i = 0; i < 20'000; ++i) {
        const std::uint64_t key = 1 + t + 4 * (i % 32);
        if (!table.insert(key, {key, ~key})) continue;
        const auto seen = table.find(key), other = table.find(1 + (key % 128));
        if (!seen || seen->first != key || seen->second != ~key) ++wrong;
        if (other && (other->first != 1 + (key % 128) || other->second != ~other->first)) ++wrong;
        if (!table.take(key)) ++wrong;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong.load(), 0);
}

}  // namespace
}  // namespace datamon::nvtx
