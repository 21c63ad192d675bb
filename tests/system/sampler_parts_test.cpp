// The sampler's parts: rows in twin blocks, pace, columns.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <sstream>

#include "fakeroot.h"
#include "monitor/sampler_metrics.h"
#include "monitor/sampler_pace.h"
#include "monitor/sampler_rows.h"
#include "test_recording.h"

namespace datamon::monitor {
namespace {

using test::fakeroot;
using test::RecordingFile;
using test::TemporaryFolder;

constexpr std::uint32_t kBlockBytes = 64 * 1024;
constexpr std::uint64_t kFileBytes = 256 * 1024;

std::vector<format::ProcessSample> stored(const TemporaryFolder& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
    return test::read_sampler_file(entry.path()).processes;
  return {};
}

// Every field follows from the time, so that a torn record shows.
format::ProcessSample record_at(std::uint64_t time, std::uint32_t pid) {
  return {time, pid, pid ^ static_cast<std::uint32_t>(time), time * 3, time * 5, time * 7, ~time};
}

void expect_whole(const std::vector<format::ProcessSample>& samples, std::uint32_t group) {
  std::map<std::uint64_t, std::uint32_t> per_time;
  std::uint64_t previous = 0;
  for (const auto& sample : samples) {
    EXPECT_GE(sample.ticks, previous);
    previous = sample.ticks;
    const format::ProcessSample wanted = record_at(sample.ticks, sample.pid);
    EXPECT_EQ(std::memcmp(&sample, &wanted, sizeof sample), 0) << sample.ticks;
    ++per_time[sample.ticks];
  }
  for (const auto& [time, count] : per_time) EXPECT_EQ(count, group) << time;
}

void append_group(RowStore& rows, std::uint64_t time, std::uint32_t group) {
  std::vector<format::ProcessSample> samples;
  for (std::uint32_t pid = 0; pid < group; ++pid) samples.push_back(record_at(time, pid));
  rows.append(samples.data(), samples.size());
}

class RowsTest : public ::testing::Test {
 protected:
  RowsTest() : file_(folder_.path(), "host", kFileBytes) {
    EXPECT_TRUE(rows_.create(file_, format::BlockType::kProcesses, sizeof(format::ProcessSample),
                             kBlockBytes));
  }
  TemporaryFolder folder_;
  RecordingFile file_;
  RowStore rows_;
};

TEST_F(RowsTest, KeepsAllWhileThereIsSpace) {
  for (std::uint64_t time = 1; time <= rows_.capacity(); ++time) append_group(rows_, time, 1);
  const auto samples = stored(folder_);
  ASSERT_EQ(samples.size(), rows_.capacity());
  EXPECT_EQ(samples.front().ticks, 1u);
  EXPECT_EQ(samples.back().ticks, rows_.capacity());
}

TEST_F(RowsTest, ALongRunIsCoveredEvenly) {
  const std::uint64_t last = 1'000'000;
  for (std::uint64_t time = 1; time <= last; ++time) append_group(rows_, time, 1);
  const auto samples = stored(folder_);
  expect_whole(samples, 1);
  EXPECT_EQ(samples.front().ticks, 1u);
  EXPECT_EQ(samples.back().ticks, last);
  std::uint64_t widest = 0;
  for (std::size_t i = 1; i < samples.size(); ++i)
    widest = std::max(widest, samples[i].ticks - samples[i - 1].ticks);
  // A stretch is less than twice the run divided by a quarter of the capacity, a gap less than two.
  EXPECT_LT(widest, 16 * last / rows_.capacity());
  // The newest quarter was not thinned.
  const std::size_t quarter = rows_.capacity() / 4;
  EXPECT_EQ(samples.back().ticks - samples[samples.size() - quarter].ticks, quarter - 1);
}

TEST_F(RowsTest, GroupsOfAnySizeStayTogether) {
  std::mt19937 random(3);
  for (const std::uint32_t group : {2u, 9u, 64u, 500u}) {
    const TemporaryFolder folder;
    RecordingFile file(folder.path(), "host", kFileBytes);
    RowStore rows;
    ASSERT_TRUE(rows.create(file, format::BlockType::kProcesses, sizeof(format::ProcessSample),
                            kBlockBytes));
    std::uint64_t time = 1;
    for (int look = 0; look < 2000; ++look) {
      append_group(rows, time, group);
      time += 1 + random() % 1000;
      if (look % 97 == 0) expect_whole(stored(folder), group);
    }
    const auto samples = stored(folder);
    expect_whole(samples, group);
    EXPECT_EQ(samples.front().ticks, 1u);
  }
}

TEST_F(RowsTest, MoreThanTheBlockHoldsIsLeftOut) {
  append_group(rows_, 1, static_cast<std::uint32_t>(rows_.capacity()) + 1);
  EXPECT_EQ(rows_.size(), 0u);
  append_group(rows_, 2, 3);
  EXPECT_EQ(rows_.size(), 3u);
}

TEST_F(RowsTest, TakesSmallerBlocksWhereSpaceIsShort) {
  const TemporaryFolder folder;
  RecordingFile file(folder.path(), "host", 400 * 1024);
  RowStore rows;
  EXPECT_TRUE(rows.create(file, format::BlockType::kSamples, 100, 1024 * 1024));
  EXPECT_GT(rows.capacity(), 600u);
  RowStore none;
  EXPECT_FALSE(none.create(file, format::BlockType::kSamples, 100, 1024 * 1024));
  EXPECT_FALSE(none.create(file, format::BlockType::kSamples, 60'000, kBlockBytes));
}

// Killed at a random moment, twenty times: what is there is whole and long.
TEST(Rows, KillAtAnyMoment) {
  for (int round = 0; round < 20; ++round) {
    const TemporaryFolder folder;
    const pid_t child = ::fork();
    if (child == 0) {
      RecordingFile file(folder.path(), "host", kFileBytes);
      RowStore rows;
      rows.create(file, format::BlockType::kProcesses, sizeof(format::ProcessSample), kBlockBytes);
      for (std::uint64_t time = 1;; ++time) append_group(rows, time, 3);
    }
    ASSERT_TRUE(test::eventually([&] { return stored(folder).size() > 600; }));
    ::usleep(static_cast<useconds_t>(1000 + 137 * round));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const auto samples = stored(folder);
    expect_whole(samples, 3);
    EXPECT_GE(samples.size(), 450u);  // three eighths of what fits, at least
    EXPECT_EQ(samples.front().ticks, 1u);
  }
}

TEST(Pace, FastThenSlow) {
  SamplerPace pace(100, 6000, 1000, 5000);
  EXPECT_EQ(pace.next(0, 0), 100u);
  EXPECT_EQ(pace.next(0, 5999), 100u);
  EXPECT_EQ(pace.next(0, 6000), 1000u);
}

TEST(Pace, SlowsDownAtOnceWhereRowsAreDear) {
  constexpr std::uint64_t kMillisecond = 1'000'000;
  SamplerPace pace(100 * kMillisecond, 60'000 * kMillisecond, 1000 * kMillisecond, 5000);
  // 0.5 ms of CPU are 0.125 % of 400 ms.
  EXPECT_EQ(pace.next(kMillisecond / 2, 0), 400 * kMillisecond);
  SamplerPace dear(100 * kMillisecond, 60'000 * kMillisecond, 1000 * kMillisecond, 5000);
  EXPECT_EQ(dear.next(1000 * kMillisecond, 0), SamplerPace::kLongestNs);
  // One dear row among cheap ones delays only a little.
  SamplerPace mixed(100 * kMillisecond, 60'000 * kMillisecond, 1000 * kMillisecond, 5000);
  for (int row = 0; row < 10; ++row) mixed.next(kMillisecond / 20, 0);
  EXPECT_LT(mixed.next(kMillisecond, 0), 300 * kMillisecond);
}

class MetricsTest : public ::testing::Test {
 protected:
  std::unique_ptr<MachineMetrics> open(const std::string& root, const system::Nvml* gpus = {}) {
    return std::make_unique<MachineMetrics>(root, gpus, scratch_);
  }
  std::map<std::string, double> sample(MachineMetrics& metrics, std::uint64_t now_ns = 1) {
    std::vector<double> values(metrics.size(), -1);
    metrics.sample(values.data(), now_ns, {}, scratch_);
    std::map<std::string, double> named;
    for (std::size_t i = 0; i < metrics.size(); ++i)
      named[test::name_of(metrics.records()[i])] = values[i];
    EXPECT_EQ(named.size(), metrics.size()) << "a name occurs twice";
    return named;
  }
  test::ScratchMemory scratch_;
};

TEST_F(MetricsTest, NestedGroups) {
  const auto metrics = open(fakeroot("cgroup-v2-nested"));
  const auto values = sample(*metrics);
  EXPECT_EQ(values.at("cpu.throttled"), 3.5e9);
  EXPECT_EQ(values.at("cpu.periods"), 800);
  EXPECT_EQ(values.at("cgroup.psi.io.full"), 55e9);
  EXPECT_EQ(values.at("cgroup.memory.limit"), 8589934592.0);
  EXPECT_LE(values.at("cores.allowed"), 4);
  EXPECT_TRUE(std::isnan(values.at("cpu.user")));  // no /proc/stat there
}

TEST_F(MetricsTest, OldKernel) {
  const auto metrics = open(fakeroot("old-kernel"));
  const auto values = sample(*metrics);
  EXPECT_FALSE(values.contains("psi.io.some"));
  EXPECT_FALSE(values.contains("cpu.throttled"));
  EXPECT_EQ(values.at("run.queue"), 3);  // 4, less the reader
  EXPECT_EQ(values.at("cores.online"), 2);
  EXPECT_TRUE(std::isnan(values.at("run.blocked")));
}

TEST_F(MetricsTest, Disks) {
  const auto metrics = open(fakeroot("large-server"));
  const auto values = sample(*metrics);
  EXPECT_EQ(values.at("disk.cciss/c0d0.reads"), 80000);
  EXPECT_EQ(values.at("disk.cciss/c0d0.read_ns"), 240000e6);
  EXPECT_EQ(values.at("net.receive_bytes"), 300);
}

TEST_F(MetricsTest, Gpus) {
  system::Nvml gpus;
  ASSERT_TRUE(gpus.open(DATAMON_FAKE_NVML_PATH)) << gpus.problem();
  const auto metrics = open(fakeroot("vm-2-cpus"), &gpus);
  constexpr std::uint64_t kSecond = 1'000'000'000;
  auto values = sample(*metrics, 10 * kSecond);
  EXPECT_EQ(values.at("gpu.0.busy"), 87);
  EXPECT_EQ(values.at("gpu.1.busy"), 12);
  EXPECT_EQ(values.at("gpu.0.pcie_rx"), 2e9);  // one reading a turn
  EXPECT_TRUE(std::isnan(values.at("gpu.1.pcie_rx")));
  for (std::uint64_t turn = 1; turn < 4; ++turn) values = sample(*metrics, (10 + turn) * kSecond);
  EXPECT_EQ(values.at("gpu.0.pcie_tx"), 3e6);
  EXPECT_EQ(values.at("gpu.1.pcie_rx"), 2e9);
  EXPECT_EQ(values.at("gpu.1.pcie_tx"), 3e6);
  const TemporaryFolder folder;
  RecordingFile file(folder.path(), "host");
  metrics->note_machine(file, scratch_);
  EXPECT_EQ(file.notes().at("machine.gpus"), "2");
  EXPECT_EQ(file.notes().at("machine.gpu.1"), "Test GPU 1");
  EXPECT_EQ(file.notes().at("machine.cpu_model"), "AMD EPYC");
}

// The cells of "| a | b | c |", without blanks and backquotes around them.
std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream stream(line);
  for (std::string cell; std::getline(stream, cell, '|');) {
    const std::size_t begin = cell.find_first_not_of(" `");
    const std::size_t end = cell.find_last_not_of(" `");
    cells.push_back(begin == std::string::npos ? "" : cell.substr(begin, end - begin + 1));
  }
  return cells;
}

// docs/metrics.md: name -> "unit|kind".
std::map<std::string, std::string> documented() {
  std::map<std::string, std::string> columns;
  std::ifstream page(DATAMON_METRICS_PAGE);
  for (std::string line; std::getline(page, line);) {
    const auto cell = cells(line);
    if (cell.size() >= 5 && (cell[3] == "gauge" || cell[3] == "counter"))
      columns[cell[1]] = cell[2] + "|" + cell[3];
  }
  return columns;
}

// "disk.sda.reads" -> "disk.NAME.reads"
std::string generic(const std::string& name) {
  const std::size_t first = name.find('.');
  const std::size_t last = name.rfind('.');
  if (name.starts_with("disk.")) return "disk.NAME" + name.substr(last);
  if (name.starts_with("gpu.") && first != last) return "gpu.N" + name.substr(last);
  return name;
}

TEST_F(MetricsTest, TheDocumentationSaysTheSame) {
  system::Nvml gpus;
  ASSERT_TRUE(gpus.open(DATAMON_FAKE_NVML_PATH));
  const auto page = documented();
  EXPECT_GE(page.size(), 50u);
  std::set<std::string> seen;
  for (const char* machine : {"vm-2-cpus", "cgroup-v2-nested", "large-server"}) {
    const auto metrics = open(fakeroot(machine), &gpus);
    for (std::size_t i = 0; i < metrics->size(); ++i) {
      const format::MetricRecord& record = metrics->records()[i];
      const std::string name = generic(test::name_of(record));
      seen.insert(name);
      const std::string kind = record.kind == 1 ? "counter" : "gauge";
      ASSERT_TRUE(page.contains(name)) << name << " is not in docs/metrics.md";
      EXPECT_EQ(page.at(name), std::string(record.unit, record.unit_bytes) + "|" + kind) << name;
    }
  }
  for (const auto& [name, column] : page) EXPECT_TRUE(seen.contains(name)) << name << " is gone";
}

}  // namespace
}  // namespace datamon::monitor
