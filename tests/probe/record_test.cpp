// The experiment's file is untrusted input.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <fstream>
#include <memory>

#include "../temporary_folder.h"
#include "probe_model.h"
#include "report/probe/sensitivity.h"
#include "report/recording.h"

namespace datamon::report {
namespace {

using datamon::testing::ProbeModel;
using datamon::testing::simulate;
using format::ProbePage;

std::unique_ptr<ProbePage> good_page() {
  const ProbeRecord record = simulate(
      {.stages = {{StageClass::kDecode, 0.006}, {StageClass::kCompute, 0.003}}, .windows = 30});
  auto page = std::make_unique<ProbePage>();
  page->header = record.header;
  std::copy(record.windows.begin(), record.windows.end(), page->windows);
  return page;
}

class ProbeFile : public ::testing::Test {
 protected:
  std::filesystem::path write(const void* data, std::size_t bytes) {
    const auto file = folder_.path() / "host.probe";
    std::ofstream(file, std::ios::binary)
        .write(static_cast<const char*>(data), static_cast<std::streamsize>(bytes));
    return file;
  }
  void expect_refused(const ProbePage& page) {
    EXPECT_THROW(read_probe(write(&page, sizeof page)), RecordingError);
  }
  test::TemporaryFolder folder_;
};

TEST_F(ProbeFile, IsReadAsItIs) {
  const auto page = good_page();
  const ProbeRecord record = read_probe(write(page.get(), sizeof *page));
  EXPECT_EQ(record.windows.size(), 30u);
  EXPECT_EQ(record.header.class_count, 2u);
  EXPECT_EQ(probe_files(folder_.path()).size(), 1u);
  EXPECT_TRUE(probe_files(folder_.path() / "none").empty());
}

TEST_F(ProbeFile, ACutOneIsRefused) {
  const auto page = good_page();
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{7}, sizeof *page - 1})
    EXPECT_THROW(read_probe(write(page.get(), bytes)), RecordingError);
  EXPECT_THROW(read_probe(folder_.path() / "missing.probe"), RecordingError);
}

TEST_F(ProbeFile, ImpossibleSchedulesAreRefused) {
  const auto with = [](auto change) {
    auto page = good_page();
    change(page->header);
    return page;
  };
  expect_refused(*with([](auto& h) { h.magic[0] = 'x'; }));
  expect_refused(*with([](auto& h) { h.version = 2; }));
  expect_refused(*with([](auto& h) { h.class_count = 9; }));
  expect_refused(*with([](auto& h) { h.classes[1] = 12; }));
  expect_refused(*with([](auto& h) { h.classes[0] = 0; }));
  expect_refused(*with([](auto& h) { h.window_ns = 0; }));
  expect_refused(*with([](auto& h) { h.window_ns = UINT64_MAX; }));
  expect_refused(*with([](auto& h) { h.settle_ns = h.window_ns; }));
  expect_refused(*with([](auto& h) { h.delay_ppm = 0; }));
  expect_refused(*with([](auto& h) { h.delay_ppm = 2'000'000; }));
  expect_refused(*with([](auto& h) { h.limit_ns = UINT64_MAX; }));
  expect_refused(*with([](auto& h) { h.start_ns = UINT64_MAX; }));
  expect_refused(*with([](auto& h) { h.stop_ns = 1; }));  // before it began
}

// Whatever the windows hold, nothing but values that are not known comes of it.
TEST_F(ProbeFile, WildWindowsGiveFiniteValues) {
  std::uint64_t random = 1;
  for (int round = 0; round < 200; ++round) {
    const auto page = good_page();
    for (int i = 0; i < 40; ++i) {
      random = format::mix_probe(random);
      auto* words = reinterpret_cast<std::uint64_t*>(page->windows);
      words[random % (30 * sizeof(format::ProbeWindow) / 8)] =
          random % 3 == 0 ? UINT64_MAX : format::mix_probe(random) >> (random % 64);
    }
    const ProbeRecord record = read_probe(write(page.get(), sizeof *page));
    for (const ProbedStage& stage : measure_sensitivities(record, {}).stages) {
      if (!stage.known) continue;
      EXPECT_TRUE(std::isfinite(stage.sensitivity.value));
      EXPECT_TRUE(std::isfinite(stage.dose));
    }
  }
}

}  // namespace
}  // namespace datamon::report
