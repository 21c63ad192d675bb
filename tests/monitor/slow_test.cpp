// What takes longer than a unit test may.
#include <gtest/gtest.h>

#include "datamon/monitor.h"
#include "run_job.h"

namespace datamon::test {
namespace {

// A job of 10^8 spans: exact counts and sums, in a file of the usual size.
TEST(Slow, HundredMillionSpansAreExactAndBounded) {
  constexpr std::uint64_t kItems = 33'333'334;  // three spans each
  const Folder folder;
  const Outcome outcome = run_job(folder, {"items", std::to_string(kItems)}, {{"MON_DIR", "rec"}});
  ASSERT_EQ(outcome.status, 0) << outcome.output;
  const report::Recording recording = report::Recording::open(folder / "rec");
  EXPECT_TRUE(recording.problems().empty());
  const report::ProcessFile& process = recording.processes().at(0);
  EXPECT_LE(process.file_bytes, 64u << 20);
  const auto by_stage = sums(process);
  const Sum fetch = by_stage.at(DATAMON_FETCH), read = by_stage.at(DATAMON_READ),
            decode = by_stage.at(DATAMON_DECODE);
  for (const Sum& sum : {fetch, read, decode}) {
    EXPECT_EQ(sum.count, kItems);
    EXPECT_EQ(sum.histogram, kItems);
  }
  EXPECT_EQ(fetch.bytes, 1000 * kItems);
  EXPECT_EQ(fetch.wall, fetch.self + read.wall + decode.wall);
  EXPECT_EQ(process.tracks.at(0).record.root_ticks, fetch.wall);
  EXPECT_EQ(process.header.dropped_spans, 0u);
  EXPECT_EQ(process.header.unstored_spans + stored_spans(process), 3 * kItems);
}

}  // namespace
}  // namespace datamon::test
