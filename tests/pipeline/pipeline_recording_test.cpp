// MON=1: the run leaves a recording that holds every stage as often as the program itself counted.
#include <datamon/monitor.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "dataset.h"
#include "program.h"
#include "report/recording.h"

namespace datamon::pipeline::test {
namespace {

using Json = nlohmann::json;
using Counts = std::map<std::string, std::uint64_t>;

// Spans of each stage, of all tracks of a role.
Counts counts_of(const report::Recording& recording, datamon_role role) {
  Counts counts;
  for (const report::ProcessFile& process : recording.processes())
    for (const report::Track& track : process.tracks) {
      if (track.record.role != role) continue;
      for (const format::Cell* cell : track.cells)
        counts[process.stage(cell->stage)->name] += cell->count;
    }
  return counts;
}

struct Setting {
  const char* workers;
  const char* kind;
};

class Recorded : public testing::TestWithParam<Setting> {
 protected:
  void SetUp() override { make_dataset(folder_.path() / "set", 40); }

  Json run() const {
    const Outcome outcome = run_program(
        {(folder_.path() / "set").string(), "--epochs", "3", "--batch", "8", "--size", "32",
         "--workers", GetParam().workers, "--worker-kind", GetParam().kind, "--json"},
        {"MON=1", "MON_DIR=" + recording(), std::string("MON_LIBRARY=") + DATAMON_MONITOR_LIBRARY});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.err, "");
    return Json::parse(outcome.out);
  }
  std::string recording() const { return (folder_.path() / "recording").string(); }
  static int workers() { return std::atoi(GetParam().workers); }

  TemporaryFolder folder_;
};

TEST_P(Recorded, HoldsEveryStage) {
  const Json said = run();
  const auto recording = report::Recording::open(this->recording());
  EXPECT_TRUE(recording.problems().empty());
  Counts consumer = counts_of(recording, DATAMON_ROLE_CONSUMER);
  Counts makers = workers() == 0 ? consumer : counts_of(recording, DATAMON_ROLE_WORKER);
  for (const char* stage : {"fetch", "read", "decode", "transform", "transform/resize",
                            "transform/flip-normalise", "collate"})
    EXPECT_EQ(makers[stage], said["stages"][stage]["count"]) << stage;
  EXPECT_EQ(consumer["wait"], said["stages"]["wait"]["count"]);
  EXPECT_EQ(consumer["compute"], 15u);
  if (workers() == 0) return;
  EXPECT_EQ(makers["send"], 15u);
  EXPECT_EQ(consumer["receive"], 15u);
  EXPECT_EQ(consumer["queue"], 15u);
}

TEST_P(Recorded, SaysWhoIsWhoAndHowTheLoaderIsSetUp) {
  run();
  const auto recording = report::Recording::open(this->recording());
  const bool processes = workers() > 0 && std::string(GetParam().kind) == "process";
  EXPECT_EQ(recording.processes().size(), processes ? 1u + workers() : 1u);
  const report::ProcessFile& root = recording.processes().front();
  EXPECT_EQ(root.note("loader.workers"), GetParam().workers);
  EXPECT_EQ(root.note("loader.prefetch"), "2");
  EXPECT_EQ(root.note("loader.batch_size"), "8");
  EXPECT_EQ(root.note("loader.worker_kind"), GetParam().kind);
  EXPECT_EQ(root.note("loader.name"), "datamon-pipeline");
  std::map<std::uint32_t, int> worker_tracks;
  int consumers = 0;
  for (const report::ProcessFile& process : recording.processes())
    for (const report::Track& track : process.tracks) {
      if (track.cells.empty()) continue;
      if (track.record.role == DATAMON_ROLE_WORKER) ++worker_tracks[track.record.index];
      if (track.record.role == DATAMON_ROLE_CONSUMER) ++consumers;
    }
  EXPECT_EQ(consumers, 1);
  EXPECT_EQ(worker_tracks.size(), static_cast<std::size_t>(workers()));
  for (const auto& [index, tracks] : worker_tracks) EXPECT_EQ(tracks, 1) << index;
}

INSTANTIATE_TEST_SUITE_P(All, Recorded,
                         testing::Values(Setting{"0", "thread"}, Setting{"2", "thread"},
                                         Setting{"3", "process"}));

}  // namespace
}  // namespace datamon::pipeline::test
