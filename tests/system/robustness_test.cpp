// Readers against damage: files cut off anywhere, random bytes, huge files,
// folders and fifos in the place of files. Nothing crashes, and what is cut off
// is absent rather than wrong.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>

#include "fakeroot.h"
#include "system/capabilities.h"
#include "system/cgroup.h"
#include "system/cpu_info.h"
#include "system/cpu_stat.h"
#include "system/disk.h"
#include "system/load_average.h"
#include "system/memory_info.h"
#include "system/mounts.h"
#include "system/network.h"
#include "system/pressure.h"
#include "system/process_stat.h"
#include "system/vm_stat.h"
#include "test_recording.h"

namespace datamon::system {
namespace {

using test::fakeroot;
namespace fs = std::filesystem;

std::string content(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// Calls `check` with the text cut off behind each byte.
template <typename Check>
void cut_everywhere(const std::string& text, Check check) {
  for (std::size_t size = 0; size < text.size(); ++size) {
    // A copy of its own, so that reading behind its end is an error ASan sees.
    const std::unique_ptr<char[]> copy(new char[size]);
    std::copy_n(text.data(), size, copy.get());
    check(std::string_view(copy.get(), size));
  }
}

TEST(Robustness, CutFilesGiveWholeNumbersOrNone) {
  const std::string proc = fakeroot("vm-2-cpus") + "/proc/";
  const auto stat = parse_cpu_stat(content(proc + "stat"));
  ASSERT_TRUE(stat);
  cut_everywhere(content(proc + "stat"), [&](std::string_view text) {
    const auto cut = parse_cpu_stat(text);
    if (!cut) return;
    EXPECT_EQ(cut->user_ns, stat->user_ns);
    EXPECT_LE(cut->cores_online, stat->cores_online);
    EXPECT_EQ(cut->context_switches.value_or(*stat->context_switches), *stat->context_switches);
  });
  const auto process = content(proc + "self/stat");
  cut_everywhere(process, [&](std::string_view text) { EXPECT_FALSE(parse_process_stat(text)); });
  const auto io = parse_process_io(content(proc + "self/io"));
  ASSERT_TRUE(io);
  cut_everywhere(content(proc + "self/io"), [&](std::string_view text) {
    EXPECT_EQ(parse_process_io(text).value_or(*io).write_bytes, io->write_bytes);
  });
  const auto pressure = parse_pressure(content(proc + "pressure/io"));
  ASSERT_TRUE(pressure);
  cut_everywhere(content(proc + "pressure/io"), [&](std::string_view text) {
    EXPECT_EQ(parse_pressure(text).value_or(*pressure).some_ns, pressure->some_ns);
  });
  const auto memory = parse_memory_info(content(proc + "meminfo"));
  ASSERT_TRUE(memory);
  cut_everywhere(content(proc + "meminfo"), [&](std::string_view text) {
    const auto cut = parse_memory_info(text).value_or(*memory);
    EXPECT_EQ(cut.available_bytes, memory->available_bytes);
    EXPECT_EQ(cut.page_cache_bytes, memory->page_cache_bytes);
  });
  const auto vm = parse_vm_stat(content(proc + "vmstat"));
  ASSERT_TRUE(vm);
  cut_everywhere(content(proc + "vmstat"), [&](std::string_view text) {
    EXPECT_EQ(parse_vm_stat(text).value_or(*vm).major_faults, vm->major_faults);
  });
  cut_everywhere(content(proc + "loadavg"),
                 [&](std::string_view text) { EXPECT_FALSE(parse_load_average(text)); });
}

// Bytes that look like the real thing often enough to get deep into the parsers.
std::string random_text(std::mt19937& random, const std::string& like) {
  static constexpr std::string_view kPieces[] = {"cpu",
                                                 "cpu0 ",
                                                 "some ",
                                                 "total=",
                                                 "nr_periods ",
                                                 "-",
                                                 "max",
                                                 "0::/",
                                                 " - cgroup2 ",
                                                 "\n",
                                                 " ",
                                                 ":",
                                                 ")",
                                                 "\\040",
                                                 "/..",
                                                 "\t",
                                                 "18446744073709551616",
                                                 "9999",
                                                 "0",
                                                 "flags",
                                                 "sda",
                                                 "MemTotal:",
                                                 "\xff",
                                                 "4:cpu,memory:/a/b/c\n"};
  std::string text = random() % 2 == 0 ? like : std::string();
  const int edits = static_cast<int>(random() % 40) + 1;
  for (int edit = 0; edit < edits; ++edit) {
    const std::size_t at = text.empty() ? 0 : random() % text.size();
    switch (random() % 4) {
      case 0:
        text.insert(at, kPieces[random() % std::size(kPieces)]);
        break;
      case 1:
        if (!text.empty()) text[at] = static_cast<char>(random());
        break;
      case 2:
        text.erase(at, random() % 20);
        break;
      default:
        text.insert(at, 1, static_cast<char>(random()));
    }
  }
  return text;
}

TEST(Robustness, RandomBytes) {
  std::mt19937 random(20261121);
  const std::string proc = fakeroot("vm-2-cpus") + "/proc/";
  for (const char* name : {"stat", "self/stat", "self/io", "pressure/io", "meminfo", "vmstat",
                           "loadavg", "diskstats", "self/mountinfo", "self/cgroup"}) {
    const std::string like = content(proc + name);
    for (int round = 0; round < 2000; ++round) {
      const std::string text = random_text(random, like);
      const std::unique_ptr<char[]> copy(new char[text.size()]);
      std::copy(text.begin(), text.end(), copy.get());
      const std::string_view view(copy.get(), text.size());
      parse_cpu_stat(view);
      parse_process_stat(view);
      parse_process_io(view);
      parse_pressure(view);
      parse_memory_info(view);
      parse_vm_stat(view);
      parse_load_average(view);
      parse_disk_line(view);
      parse_cpu_max(view);
      parse_cpu_throttling(view);
      parse_mount(view);
      unescape(view);
    }
  }
}

// A whole machine made of nonsense, read through files.
TEST(Robustness, RandomMachines) {
  std::mt19937 random(7);
  test::ScratchMemory scratch;
  const fs::path original = fakeroot("cgroup-v2-nested");
  for (int round = 0; round < 10; ++round) {
    const test::TemporaryFolder folder;
    const fs::path root = folder.path() / "machine";
    fs::copy(original, root, fs::copy_options::recursive);
    fs::copy(fakeroot("vm-2-cpus") + "/proc", root / "proc",
             fs::copy_options::recursive | fs::copy_options::skip_existing);
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      if (!entry.is_regular_file() || random() % 3 == 0) continue;
      std::ofstream(entry.path(), std::ios::binary) << random_text(random, content(entry.path()));
    }
    Environment environment;
    environment.root = root;
    environment.working_directory = "/";
    EXPECT_EQ(probe(environment).size(), 14u);
    CgroupReader cgroup(root.native(), scratch);
    cgroup.throttling(scratch);
    cgroup.memory(scratch);
    read_cpu_info(root.native(), scratch);
    NetworkReader(root.native(), scratch).read(scratch);
  }
}

TEST(Robustness, HugeFiles) {
  const test::TemporaryFolder folder;
  fs::create_directories(folder.path() / "proc/self");
  {
    std::ofstream stat(folder.path() / "proc/stat", std::ios::binary);
    stat << "cpu  1 2 3 4 5 6 7 8 9 10\n";
    for (int cpu = 0; cpu < 100'000; ++cpu) stat << "cpu" << cpu << " 1 2 3 4 5 6 7 8 9 10\n";
    std::ofstream mounts(folder.path() / "proc/self/mountinfo", std::ios::binary);
    mounts << std::string(300'000, 'x') << '\n';  // one line longer than the buffer
    for (int mount = 0; mount < 20'000; ++mount)
      mounts << mount << " 1 0:5 / /mnt/" << mount << " rw - tmpfs tmpfs rw\n";
    mounts << "1 1 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
    std::ofstream(folder.path() / "proc/self/cgroup") << "0::/\n";
  }
  test::ScratchMemory scratch;
  const auto stat = CpuStatReader(folder.path().native()).read(scratch);
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->user_ns, 3 * clock_tick_ns());
  // The mount behind all of that is found: mountinfo is read in pieces.
  EXPECT_TRUE(find_cgroups(folder.path().native(), scratch).unified.found());
}

TEST(Robustness, OtherThingsInThePlaceOfFiles) {
  const test::TemporaryFolder folder;
  fs::create_directories(folder.path() / "proc/stat");
  fs::create_directories(folder.path() / "proc/pressure");
  ASSERT_EQ(::mkfifo((folder.path() / "proc/loadavg").c_str(), 0600), 0);
  test::ScratchMemory scratch;
  EXPECT_FALSE(CpuStatReader(folder.path().native()).read(scratch));
  EXPECT_FALSE(LoadAverageReader(folder.path().native()).read(scratch));  // and does not block
  const std::string long_root(1000, 'r');
  EXPECT_FALSE(CpuStatReader(long_root).read(scratch));
}

}  // namespace
}  // namespace datamon::system
