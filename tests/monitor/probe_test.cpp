// Delays inside real jobs: as long as they should be, when they should be, in all
// processes.
#include <gtest/gtest.h>

#include <map>

#include "datamon/monitor.h"
#include "report/probe/probe_record.h"
#include "run_job.h"

namespace datamon::test {
namespace {

using report::ProbeRecord;
using report::Recording;

struct Sums {
  double own = 0, added = 0;
  double share() const { return added / own; }
};

// Over the windows in which each class was delayed.
std::map<std::uint32_t, Sums> delayed(const ProbeRecord& record) {
  std::map<std::uint32_t, Sums> sums;
  for (std::size_t w = 0; w < record.windows.size(); ++w) {
    const std::uint16_t stage_class = format::probe_class_in(record.header, w);
    const format::ProbeWindow& window = record.windows[w];
    EXPECT_TRUE(stage_class != 0 || window.added_ns == 0) << w;
    for (std::uint32_t i = 0; i < record.header.class_count; ++i) {
      if (record.header.classes[i] != stage_class) continue;
      sums[stage_class].own += static_cast<double>(window.own_ns[i]);
      sums[stage_class].added += static_cast<double>(window.added_ns);
    }
  }
  return sums;
}

TEST(Probe, DelaysEachStageByAPartOfItsOwnTime) {
  const Folder folder;
  const Recording recording =
      record(folder, {"probed", "9"}, {{"MON_PROBE", "1"}, {"MON_PROBE_SECONDS", "5"}});
  const auto files = report::probe_files(recording.path());
  ASSERT_EQ(files.size(), 1u);
  const ProbeRecord probe = report::read_probe(files.front());
  ASSERT_TRUE(probe.begun());
  EXPECT_EQ(probe.header.workers, 1u);
  EXPECT_EQ(probe.header.pid, recording.processes().front().header.pid);
  EXPECT_GE(probe.header.window_ns, 250'000'000u);
  const auto sums = delayed(probe);
  // The worker's are delayed in the forked child.
  for (const std::uint32_t stage_class :
       {DATAMON_CLASS_READ, DATAMON_CLASS_TRANSFORM, DATAMON_CLASS_COMPUTE}) {
    ASSERT_TRUE(sums.contains(stage_class)) << stage_class;
    // What is too short to be made exactly is saved up: a little more or less may be due.
    EXPECT_GT(sums.at(stage_class).share(), 0.1) << stage_class;
    EXPECT_LT(sums.at(stage_class).share(), 0.35) << stage_class;
  }
  // It was over before the job was.
  const std::size_t windows = 5'000'000'000 / probe.header.window_ns + 1;
  EXPECT_LE(probe.windows.size(), windows);
  EXPECT_EQ(probe.header.stop_ns, 0u);
  EXPECT_EQ(recording.processes().size(), 2u);
}

TEST(Probe, LeavesNothingBehindUnlessAskedFor) {
  const Folder folder;
  const Recording recording = record(folder, {"probed", "1"});
  EXPECT_TRUE(report::probe_files(recording.path()).empty());
}

TEST(Probe, SaysWhyThereIsNone) {
  const Folder folder;
  const Recording recording =
      record(folder, {"probed", "1"}, {{"MON_PROBE", "1"}, {"MON_BUDGET", "0"}});
  EXPECT_TRUE(report::probe_files(recording.path()).empty());
  EXPECT_NE(recording.processes().front().note("probe.why_not"), "");
}

}  // namespace
}  // namespace datamon::test
