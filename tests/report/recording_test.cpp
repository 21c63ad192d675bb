// What a whole recording gives back: every number that was written, unchanged.
#include "report/recording.h"

#include <gtest/gtest.h>

#include <fstream>
#include <numeric>

#include "loader_model.h"
#include "recording_builder.h"
#include "temporary_folder.h"

namespace datamon::report {
namespace {

using namespace datamon::testing;

std::uint64_t stored_spans(const Recording& recording) {
  std::uint64_t sum = 0;
  for (const ProcessFile& process : recording.processes())
    for (const Track& track : process.tracks)
      for (const auto spans : track.spans) sum += spans.size();
  return sum;
}

std::uint64_t counted_spans(const Recording& recording) {
  std::uint64_t sum = 0;
  for (const ProcessFile& process : recording.processes())
    for (const Track& track : process.tracks)
      for (const format::Cell* cell : track.cells) sum += cell->count;
  return sum;
}

TEST(Recording, HoldsEverySpanOfALoader) {
  test::TemporaryFolder folder;
  LoaderModel model;
  model.workers = 3;
  const LoaderTruth truth = write_loader(folder.path(), model);
  const Recording recording = Recording::open(folder.path());
  EXPECT_TRUE(recording.problems().empty()) << recording.problems().front().what;
  ASSERT_EQ(recording.processes().size(), 4u);
  EXPECT_EQ(stored_spans(recording), truth.spans);
  EXPECT_EQ(counted_spans(recording), truth.spans);
  const ProcessFile& root = recording.processes().front();
  EXPECT_EQ(root.header.is_root, 1u);
  EXPECT_EQ(root.note("loader.workers"), "3");
  EXPECT_EQ(root.host, "testhost");
  ASSERT_TRUE(root.samples.find("cpu.user").has_value());
  EXPECT_EQ(root.samples.rows.size(), root.samples.row_ticks.size());
  EXPECT_GT(root.samples.rows.size(), 10u);
  EXPECT_EQ(root.samples.processes.size(), root.samples.rows.size());
}

TEST(Recording, ConvertsTicksExactly) {
  test::TemporaryFolder folder;
  FileBuilder file({.is_root = true});
  file.track(kConsumer, 0, "main").span(kWait, 1.0, 1.5);
  file.write(folder.path());
  const Recording recording = Recording::open(folder.path());
  const ProcessFile& process = recording.processes().front();
  const auto span = process.tracks.front().spans.front().front();
  EXPECT_NEAR(process.clock.seconds(span.duration), 0.5, 1e-9);
  EXPECT_EQ(process.clock.monotonic_ns(span.start), 5001'000'000'000);
  EXPECT_EQ(process.clock.realtime_ns(span.start), 1'760'000'001'000'000'000);
}

}  // namespace
}  // namespace datamon::report
