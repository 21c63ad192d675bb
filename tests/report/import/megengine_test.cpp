// Logs of MegEngine's data monitor: what the real loader printed, and every way in
// which a log garbles lines.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "import_files.h"

namespace datamon::testing {
namespace {

using report::Label;
using ::testing::Contains;
using ::testing::HasSubstr;

constexpr const char* kSerial =
    "pid: 7, dataset_time: 0.100000, transform_time: 0.200000, collate_time: 0.300000";
constexpr const char* kWorker =
    "pid: 8, idx: 10, dataset_time: 0.100000, transform_time: 0.200000, collate_time: 0.300000";
constexpr const char* kMain = "pid: 9, idx: 10, IPC_time: 0.003600";

std::uint64_t records(std::string_view text) { return megengine(text).import->records; }

TEST(MegEngineLog, SumsUpTheRealLoadersLines) {
  const report::Profile profile =
      report::import_megengine_log(golden("megengine-workers-every-batch.log"));
  EXPECT_EQ(profile.import->workers, "2 workers seen");
  EXPECT_EQ(profile.import->records, 124u);
  EXPECT_EQ(profile.batch_count, 64u);
  // The job sleeps 4 x 1 ms in its data set and 4 x 3 ms in its transform.
  EXPECT_GT(stage(profile, "fetch")->self_s, 64 * 0.004);
  EXPECT_GT(stage(profile, "transform")->self_s, 64 * 0.012);
  EXPECT_GT(stage(profile, "transform")->share, 0.5);
  EXPECT_NEAR(stage(profile, "fetch")->p50_ms, 4.8, 1.0);
  ASSERT_NE(stage(profile, "queue"), nullptr);
  EXPECT_TRUE(stage(profile, "queue")->residence);
  EXPECT_THAT(profile.import->findings, Contains(HasSubstr("does not wait for most")));
  EXPECT_TRUE(profile.problems.empty());
  const report::Diagnosis diagnosis = report::diagnose_import(profile);
  EXPECT_EQ(diagnosis.verdict.label, Label::kInsufficientData);
  EXPECT_THAT(diagnosis.remedies[0].change, HasSubstr("MON=1"));
}

TEST(MegEngineLog, SaysWhenTheLoopTakesBatchesAtOnce) {
  const report::Profile profile =
      report::import_megengine_log(golden("megengine-workers-starved.log"));
  EXPECT_THAT(profile.import->findings, Contains(HasSubstr("at once")));
}

TEST(MegEngineLog, KnowsThatTheConsumerReadsTheStream) {
  const report::Profile profile = report::import_megengine_log(golden("megengine-workers.log"));
  EXPECT_THAT(profile.import->findings, Contains(HasSubstr("parallel_stream=False")));
}

TEST(MegEngineLog, ReadsLoadersWithoutWorkers) {
  for (const char* name : {"megengine-serial.log", "megengine-serial-stream.log"}) {
    const report::Profile profile = report::import_megengine_log(golden(name));
    EXPECT_EQ(profile.import->workers, "no workers");
    EXPECT_TRUE(stage(profile, "transform")->on_consumer);
  }
}

TEST(MegEngineLog, KnowsTheMonitorsOwnFailures) {
  const report::Profile profile =
      report::import_megengine_log(golden("megengine-map-workers-crash.log"));
  EXPECT_THAT(profile.import->findings, Contains(HasSubstr("ended this job")));
  EXPECT_TRUE(profile.problems.empty()) << "the monitor's source in the traceback is no line";
  EXPECT_THROW(
      {
        try {
          report::import_megengine_log(golden("megengine-serial-crash.log"));
        } catch (const report::ImportError& error) {
          EXPECT_THAT(error.what(), HasSubstr("without workers MegEngine fails"));
          throw;
        }
      },
      report::ImportError);
}

TEST(MegEngineLog, PassesOverWhatIsAround) {
  const std::string s = kSerial, w = kWorker, m = kMain;
  EXPECT_EQ(records(s + "\r\n" + w + "\r\n" + m + "\r\n"), 3u);
  EXPECT_EQ(records("2024-01-01T00:00:00Z stdout F [rank0]: " + s + " trailing words\n"), 1u);
  EXPECT_EQ(records("\x1b[32m" + s +
                    "\x1b[0m\n\x1b[1;31mpid: \x1b[0m7, idx: 3, IPC_time: 0.1\x1b[0m00000\n"),
            2u);
  EXPECT_EQ(records("loss 0.1" + s + w + m + "\n\n"), 3u);
  EXPECT_EQ(records("epoch pid: 5 pid: " + w), 1u);
  EXPECT_EQ(records("pid: 9, idx: 1, IPC_time: -0.000012\n"), 1u);
  EXPECT_EQ(records(gzipped(s + "\n" + w + "\n")), 2u);
  EXPECT_EQ(records(std::string(200'000, 'x') + s + std::string(200'000, 'y') + w), 2u);
}

TEST(MegEngineLog, NeverBelievesANumberThatWasCutOff) {
  const std::string whole = std::string(kSerial) + "\n", worker = kWorker;
  for (std::size_t length = 30; length < worker.size(); ++length) {
    const report::Profile profile = megengine(whole + worker.substr(0, length));
    EXPECT_EQ(profile.import->records, 1u) << length;
  }
  const report::Profile profile = megengine(whole + worker.substr(0, worker.size() - 1));
  ASSERT_EQ(profile.problems.size(), 1u);
  EXPECT_EQ(profile.problems[0].offset, whole.size());
}

TEST(MegEngineLog, FindsLinesWhereverTheChunksEnd) {
  const std::string line = std::string(kWorker) + "\n";
  for (std::size_t before = 256 * 1024 - line.size() - 1; before <= 256 * 1024; ++before) {
    const std::string text = std::string(before, 'x') + "\n" + line;
    ASSERT_EQ(records(text), 1u) << before;
  }
}

TEST(MegEngineLog, WithoutSuchLinesItSaysHowToGetThem) {
  EXPECT_THROW(megengine("nothing here\n"), report::ImportError);
  EXPECT_THROW(megengine(""), report::ImportError);
  EXPECT_THROW(report::import_megengine_log("/no/such/file"), report::ImportError);
  EXPECT_THROW(report::import_megengine_log("/"), report::ImportError);
}

}  // namespace
}  // namespace datamon::testing
