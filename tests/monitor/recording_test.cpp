// What a job's recording holds: the behaviour that users rely on.
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "datamon/monitor.h"
#include "run_job.h"

namespace datamon::test {
namespace {

using report::ProcessFile;
using report::Recording;

const ProcessFile& only(const Recording& recording) {
  EXPECT_EQ(recording.processes().size(), 1u);
  return recording.processes().front();
}

TEST(Recorded, CountsBytesAndNestingAreExact) {
  const Folder folder;
  const Recording recording = record(folder, {"items", "1000"});
  const ProcessFile& process = only(recording);
  const auto by_stage = sums(process);
  const Sum fetch = by_stage.at(DATAMON_FETCH), read = by_stage.at(DATAMON_READ),
            decode = by_stage.at(DATAMON_DECODE);
  EXPECT_EQ(fetch.count, 1000u);
  EXPECT_EQ(read.count, 1000u);
  EXPECT_EQ(decode.count, 1000u);
  EXPECT_EQ(fetch.bytes, 1'000'000u);
  EXPECT_EQ(fetch.histogram, 1000u);
  // What is inside a fetch is either its own or its stages'.
  EXPECT_EQ(fetch.wall, fetch.self + read.wall + decode.wall);
  EXPECT_EQ(read.wall, read.self);
  EXPECT_EQ(stored_spans(process), 3000u);
  EXPECT_EQ(process.header.dropped_spans, 0u);
  EXPECT_EQ(process.header.end_state, static_cast<std::uint32_t>(format::EndState::kExited));
}

TEST(Recorded, StoredSpansAgreeWithTheSums) {
  const Folder folder;
  const Recording recording = record(folder, {"items", "5000"});
  std::map<std::uint16_t, Sum> from_spans;
  for (const report::Track& track : only(recording).tracks)
    for (const auto& spans : track.spans)
      for (const format::SpanRecord& span : spans) {
        ++from_spans[span.stage].count;
        from_spans[span.stage].wall += span.duration;
        EXPECT_EQ(span.depth, span.stage == DATAMON_FETCH ? 0 : 1);
      }
  for (const auto& [stage, sum] : sums(only(recording))) {
    EXPECT_EQ(from_spans[stage].count, sum.count);
    EXPECT_EQ(from_spans[stage].wall, sum.wall);
  }
}

TEST(Recorded, IntervalsTakeNoPartInNesting) {
  const Folder folder;
  const Recording recording = record(folder, {"intervals", "10000"});
  const Sum queue = sums(only(recording)).at(DATAMON_QUEUE);
  EXPECT_EQ(queue.count, 10'000u);
  EXPECT_EQ(queue.wall, 10u * 999 * 1000 / 2);
  EXPECT_EQ(queue.bytes, 70'000u);
}

TEST(Recorded, SlowestItemsHaveNamesAndParts) {
  const Folder folder;
  const Recording recording = record(folder, {"split", "30"});
  const report::Track& track = only(recording).tracks.at(0);
  EXPECT_TRUE(track.slow.empty());  // no ids
  const Folder other;
  const Recording named = record(other, {"items", "100"});
  const auto& slow = only(named).tracks.at(0).slow;
  ASSERT_EQ(slow.size(), 15u);
  for (const format::SlowRecord* item : slow) {
    EXPECT_EQ(std::string_view(item->name, item->name_bytes), "photo \"one\".jpg");
    ASSERT_EQ(item->parts, 3u);
    std::uint64_t sum = 0;
    for (std::uint32_t i = 0; i < item->parts; ++i) sum += item->part[i].self_ticks;
    EXPECT_EQ(sum, item->duration);
    EXPECT_EQ(item->part[0].stage, DATAMON_FETCH);
  }
}

TEST(Recorded, SplitsComputingFromSleeping) {
  const Folder folder;
  const Recording recording = record(folder, {"split", "100"}, {{"MON_BUDGET", "100"}});
  ASSERT_EQ(only(recording).note("monitor.split"), "full");
  const auto by_stage = sums(only(recording));
  const Sum decode = by_stage.at(DATAMON_DECODE), read = by_stage.at(DATAMON_READ);
  ASSERT_GT(decode.sampled, 10u);
  ASSERT_GT(read.sampled, 10u);
  const auto of = [](std::uint64_t part, std::uint64_t all) {
    return static_cast<double>(part) / static_cast<double>(all);
  };
  // The rest of a computing span is waiting for a CPU, on a crowded machine; what a
  // hypervisor takes from the machine is neither, and has been 13 %.
  EXPECT_GT(of(decode.cpu_ns + decode.runqueue_ns, decode.sampled_self_ns), 0.7);
  EXPECT_GT(of(decode.cpu_ns, decode.sampled), 1.9e6);  // each burns 2 ms of CPU time
  EXPECT_LT(of(read.cpu_ns, read.sampled_self_ns), 0.15);
}

TEST(Recorded, SeesACrowdedCpu) {
  const Folder folder;
  // One CPU for two busy threads: half of the time each waits for it.
  cpu_set_t before, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &before)) {
      CPU_SET(cpu, &one);
      break;
    }
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  const Recording recording = record(folder, {"crowded", "300"}, {{"MON_BUDGET", "100"}});
  sched_setaffinity(0, sizeof before, &before);
  const Sum decode = sums(only(recording)).at(DATAMON_DECODE);
  ASSERT_GT(decode.sampled, 0u);
  const double waiting =
      static_cast<double>(decode.runqueue_ns) / static_cast<double>(decode.sampled_self_ns);
  EXPECT_GT(waiting, 0.3);
  EXPECT_EQ(only(recording).note("job.cpus_allowed"), "1");
}

// On a crowded machine a reading may be interrupted for milliseconds, which says
// nothing about the budget: the best of some runs counts.
TEST(Recorded, ReadingsStayWithinTheBudget) {
  double least = 1;
  for (int run = 0; run < 5 && least >= 0.005; ++run) {
    const Folder folder;
    const Recording recording = record(folder, {"sleeping", "1000"}, {{"MON_BUDGET", "0.5"}});
    const auto& header = only(recording).header;
    EXPECT_GT(header.reading_ticks, 0u);
    least = std::min(least, static_cast<double>(header.reading_ticks) /
                                static_cast<double>(header.end_ticks - header.first_pair.ticks));
  }
  EXPECT_LT(least, 0.005);
}

TEST(Recorded, WithoutABudgetNothingIsRead) {
  const Folder folder;
  const Recording recording = record(folder, {"sleeping", "100"}, {{"MON_BUDGET", "0"}});
  EXPECT_EQ(only(recording).header.reading_ticks, 0u);
  EXPECT_EQ(only(recording).note("monitor.split"), "none");
}

TEST(Recorded, StatesWhoItIs) {
  const Folder folder;
  const Recording recording =
      record(folder, {"items", "1"}, {{"RANK", "3"}, {"LOCAL_RANK", "1"}, {"WORLD_SIZE", "8"}});
  const ProcessFile& process = only(recording);
  EXPECT_EQ(process.header.rank, 3u);
  EXPECT_EQ(process.header.local_rank, 1u);
  EXPECT_EQ(process.header.world_size, 8u);
  EXPECT_EQ(process.header.is_root, 0u);
  EXPECT_EQ(process.note("job.command"), "monitor_job items 1");
  char host[256];
  ASSERT_EQ(gethostname(host, sizeof host), 0);
  EXPECT_EQ(process.host, host);
  EXPECT_GT(process.header.process_start, 0u);
  EXPECT_EQ(std::strlen(process.header.boot_id), 36u);
  EXPECT_GT(process.header.span_cost_ticks_x1024, 0u);
}

// As above: the best of some runs.
TEST(Recorded, StartsQuickly) {
  double least_s = 1;
  for (int run = 0; run < 10 && least_s >= 0.5; ++run) {
    const Folder folder;
    const Recording recording = record(folder, {"items", "1"});
    const ProcessFile& process = only(recording);
    EXPECT_GT(process.header.startup_ticks, 0u);
    least_s = std::min(least_s, process.clock.seconds(process.header.startup_ticks));
  }
  EXPECT_LT(least_s, 0.5);
}

TEST(Recorded, NamesMayHoldAnything) {
  const Folder folder;
  const Recording recording = record(folder, {"names"});
  const ProcessFile& process = only(recording);
  std::vector<std::string> names;
  for (const report::Stage& stage : process.stages)
    if (stage.id >= DATAMON_FIRST_USER_STAGE) names.push_back(stage.name);
  const std::vector<std::string> expected = {
      "quo\"te", "new\nline",          "\xff\xfe\x80", std::string("nul\0inside", 10),
      "",        std::string(104, 'w')};
  EXPECT_EQ(names, expected);
  EXPECT_EQ(process.note("loader.name"), "tr\"ain\n\xff");
  EXPECT_EQ(process.note(std::string(256, 'k')), std::string(8192, 'v'));
  EXPECT_EQ(process.tracks.at(0).name, std::string(62, 'w'));
  EXPECT_EQ(process.tracks.at(0).record.role, DATAMON_ROLE_CONSUMER);
  bool found = false;
  for (const format::SlowRecord* item : process.tracks.at(0).slow) {
    if (item->id != 7) continue;
    found = true;  // the end of a long path is kept
    EXPECT_EQ(std::string(item->name, item->name_bytes), std::string(108, 'w') + ".jpg");
  }
  EXPECT_TRUE(found);
}

TEST(Recorded, FourThousandStagesAreExact) {
  const Folder folder;
  const Recording recording = record(folder, {"stages", "4096"});
  const auto by_stage = sums(only(recording));
  ASSERT_EQ(by_stage.size(), 4096u);
  for (const auto& [stage, sum] : by_stage) EXPECT_EQ(sum.count, 3u) << stage;
  EXPECT_EQ(only(recording).header.dropped_spans, 0u);
}

TEST(Recorded, FourThousandStagesInASmallFileAreExact) {
  const Folder folder;
  const Recording recording = record(folder, {"stages", "4096"}, {{"MON_MAX_MB", "8"}});
  const auto by_stage = sums(only(recording));
  ASSERT_EQ(by_stage.size(), 4096u);
  for (const auto& [stage, sum] : by_stage) EXPECT_EQ(sum.count, 3u) << stage;
  EXPECT_LE(only(recording).file_bytes, 8u << 20);
}

TEST(Recorded, StagesBeyondTheLimitAreRefused) {
  const Folder folder;
  const Recording recording = record(folder, {"stages", "8200"});
  EXPECT_EQ(only(recording).header.refused_stages, 8200u - (8192 - 64));
}

TEST(Recorded, MisuseIsCountedAndHarmless) {
  const Folder folder;
  const Recording recording = record(folder, {"misuse"});
  const auto by_stage = sums(only(recording));
  EXPECT_EQ(by_stage.at(DATAMON_FETCH).count, 2u);
  EXPECT_EQ(by_stage.at(DATAMON_READ).count, 1u);
  EXPECT_EQ(by_stage.at(DATAMON_DECODE).count, 64u);
  EXPECT_EQ(by_stage.at(DATAMON_QUEUE).wall, 0u);
  EXPECT_EQ(only(recording).header.mismatched_ends, 4u);
  EXPECT_EQ(only(recording).header.dropped_spans, 36u);
}

TEST(Recorded, EightThreadsAreExact) {
  const Folder folder;
  const Recording recording = record(folder, {"parallel", "20000"});
  EXPECT_EQ(sums(only(recording)).at(DATAMON_READ).count, 160'000u);
  // One that had ended before another began may have left it its track.
  std::uint32_t threads = 0;
  for (const report::Track& track : only(recording).tracks) threads += track.record.threads;
  EXPECT_EQ(threads, 8u);
}

TEST(Recorded, ThreadChurnStaysBounded) {
  const Folder folder;
  const Recording recording = record(folder, {"churn", "10000"});
  const ProcessFile& process = only(recording);
  EXPECT_EQ(sums(process).at(DATAMON_FETCH).count, 10'000u);
  EXPECT_EQ(sums(process).at(DATAMON_READ).count, 10'000u);
  std::uint32_t threads = 0;
  for (const report::Track& track : process.tracks) threads += track.record.threads;
  EXPECT_EQ(threads, 10'000u);
  EXPECT_EQ(process.tracks.size(), 1u);
  EXPECT_LT(process.file_bytes, 8u << 20);
}

TEST(Recorded, WorkersOfAllEpochsShareATrackEach) {
  const Folder folder;
  const Recording recording = record(folder, {"epochs", "20"});
  const ProcessFile& process = only(recording);
  ASSERT_EQ(process.tracks.size(), 3u);
  for (const report::Track& track : process.tracks) {
    EXPECT_EQ(track.record.threads, 20u);
    EXPECT_EQ(track.record.role, DATAMON_ROLE_WORKER);
    std::uint64_t count = 0;
    for (const format::Cell* cell : track.cells)
      if (cell->stage == DATAMON_FETCH) count += cell->count;
    EXPECT_EQ(count, 20u);
  }
}

TEST(Recorded, WindowsAreDyadicAndHoldTheirTime) {
  const Folder folder;
  const Recording recording = record(folder, {"sleeping", "1500"});
  const ProcessFile& process = only(recording);
  std::size_t windows = 0;
  for (const format::Cell* cell : process.tracks.at(0).cells) {
    windows += cell->stage == DATAMON_FETCH;
    const double width = process.clock.seconds(std::uint64_t{1} << cell->shift);
    EXPECT_GT(width, 0.2);
    EXPECT_LT(width, 0.6);
    EXPECT_GE((cell->window + 1) << cell->shift, process.header.first_pair.ticks);
    EXPECT_LE(cell->window << cell->shift, process.header.end_ticks);
  }
  EXPECT_GE(windows, 3u);
}

TEST(Recorded, SimulatedMachineWithoutInvariantCounter) {
  const Folder folder;
  const Recording recording = record(folder, {"sleeping", "300"}, {{"MON_CLOCK", "monotonic"}});
  const ProcessFile& process = only(recording);
  EXPECT_EQ(process.header.clock_kind, static_cast<std::uint32_t>(format::ClockKind::kMonotonic));
  EXPECT_NEAR(process.clock.ticks_per_second(), 1e9, 1e6);
  EXPECT_EQ(sums(process).at(DATAMON_FETCH).count, 30u);
}

TEST(Recorded, ErrnoIsKept) {
  const Folder folder;
  record(folder, {"errno"});
}

}  // namespace
}  // namespace datamon::test
