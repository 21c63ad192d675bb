// Limits, throttling and pressure of control groups, version 1 and 2.
#include "system/cgroup.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "fakeroot.h"
#include "temporary_folder.h"

namespace datamon::system {
namespace {

using test::fakeroot;
using test::TemporaryFolder;

class CgroupTest : public ::testing::Test {
 protected:
  test::ScratchMemory scratch_;
};

TEST_F(CgroupTest, NoLimits) {
  CgroupReader cgroup(fakeroot("vm-2-cpus"), scratch_);
  EXPECT_FALSE(cgroup.cpu_limit(scratch_));
  EXPECT_FALSE(cgroup.has_cpu_limit());
  EXPECT_FALSE(cgroup.throttling(scratch_));
  EXPECT_FALSE(cgroup.memory(scratch_));
  const CgroupFolders folders = find_cgroups(fakeroot("vm-2-cpus"), scratch_);
  EXPECT_EQ(folders.v1_memory.path.view(), fakeroot("vm-2-cpus") + "/sys/fs/cgroup/memory/jobs/17");
  EXPECT_EQ(folders.unified.path.view(), fakeroot("vm-2-cpus") + "/sys/fs/cgroup/unified");
}

TEST_F(CgroupTest, LowestLimitOfAllAncestorsCounts) {
  CgroupReader cgroup(fakeroot("cgroup-v2-nested"), scratch_);
  const auto limit = cgroup.cpu_limit(scratch_);
  ASSERT_TRUE(limit);
  EXPECT_DOUBLE_EQ(*limit, 4.0);  // pod-7; the group itself has none, its grandparent 16
  const auto throttling = cgroup.throttling(scratch_);
  ASSERT_TRUE(throttling);
  EXPECT_EQ(throttling->periods, 800u);  // pod-7's, which was stopped longest
  EXPECT_EQ(throttling->throttled_periods, 200u);
  EXPECT_EQ(throttling->throttled_ns, 3'500'000'000u);
  const auto memory = cgroup.memory(scratch_);
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->limit_bytes, 8589934592u);
  EXPECT_EQ(memory->used_bytes, 7516192768u);
}

TEST_F(CgroupTest, OwnPressure) {
  CgroupReader cgroup(fakeroot("cgroup-v2-nested"), scratch_);
  const auto io = cgroup.io_pressure().read(scratch_);
  ASSERT_TRUE(io);
  EXPECT_EQ(io->some_ns, 60'000'000'000u);
  EXPECT_EQ(io->full_ns, 55'000'000'000u);
  EXPECT_TRUE(cgroup.cpu_pressure().available(scratch_));
  EXPECT_FALSE(CgroupReader(fakeroot("cgroup-v1"), scratch_).cpu_pressure().available(scratch_));
}

TEST_F(CgroupTest, PathOutsideTheNamespaceIsTheMountPoint) {
  CgroupReader cgroup(fakeroot("cgroup-v2-namespace"), scratch_);
  EXPECT_EQ(cgroup.cpu_limit(scratch_), 1.5);
  const auto throttling = cgroup.throttling(scratch_);
  ASSERT_TRUE(throttling);
  EXPECT_EQ(throttling->throttled_ns, 7000u);
}

TEST_F(CgroupTest, VersionOneBehindAMountedPart) {
  CgroupReader cgroup(fakeroot("cgroup-v1"), scratch_);
  EXPECT_EQ(cgroup.cpu_limit(scratch_), 2.5);  // of the parent
  const auto throttling = cgroup.throttling(scratch_);
  ASSERT_TRUE(throttling);
  EXPECT_EQ(throttling->periods, 300u);
  EXPECT_EQ(throttling->throttled_ns, 4'500'000'000u);
  const auto memory = cgroup.memory(scratch_);
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->limit_bytes, 4294967296u);
  EXPECT_EQ(memory->used_bytes, 1073741824u);
}

// A limit on the group and one on its parent, which stop it in turn.
TEST_F(CgroupTest, ThrottlingIsThatOfTheLevelThatStopsAtTheMoment) {
  const TemporaryFolder root;
  const auto write = [&](const std::string& path, const std::string& text) {
    std::filesystem::create_directories((root.path() / path).parent_path());
    std::ofstream(root.path() / path) << text;
  };
  const auto stat = [&](const std::string& group, int periods, int throttled, int usec) {
    write("sys/fs/cgroup/" + group + "/cpu.stat",
          "nr_periods " + std::to_string(periods) + "\nnr_throttled " + std::to_string(throttled) +
              "\nthrottled_usec " + std::to_string(usec) + "\n");
  };
  write("proc/self/cgroup", "0::/a/b\n");
  write("proc/self/mountinfo", "31 30 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  write("sys/fs/cgroup/a/cpu.max", "800000 100000\n");
  write("sys/fs/cgroup/a/b/cpu.max", "200000 100000\n");
  stat("a", 5000, 4000, 9'000'000);  // long ago
  stat("a/b", 100, 10, 1000);
  CgroupReader cgroup(root.path().native(), scratch_);
  const auto next = [&] {
    const auto throttling = cgroup.throttling(scratch_);
    EXPECT_TRUE(throttling);
    return throttling.value_or(CpuThrottling());
  };
  const CpuThrottling first = next();
  stat("a", 5010, 4001, 9'000'100);
  stat("a/b", 110, 20, 301'000);
  const CpuThrottling second = next();
  EXPECT_EQ(second.periods - first.periods, 10u);
  EXPECT_EQ(second.throttled_periods - first.throttled_periods, 10u);
  EXPECT_EQ(second.throttled_ns - first.throttled_ns, 300'000'000u);
  stat("a", 5020, 4006, 9'050'100);
  stat("a/b", 121, 20, 301'000);
  const CpuThrottling third = next();
  EXPECT_EQ(third.periods - second.periods, 10u);
  EXPECT_EQ(third.throttled_periods - second.throttled_periods, 5u);
  EXPECT_EQ(third.throttled_ns - second.throttled_ns, 50'000'000u);
  write("sys/fs/cgroup/a/cpu.stat", "");  // it cannot be read for a while
  stat("a/b", 131, 20, 301'000);
  EXPECT_EQ(next().throttled_ns, third.throttled_ns);
}

TEST_F(CgroupTest, NothingThere) {
  CgroupReader cgroup(fakeroot("old-kernel"), scratch_);
  EXPECT_FALSE(cgroup.cpu_limit(scratch_));
  EXPECT_FALSE(cgroup.memory(scratch_));
  const CgroupFolders folders = find_cgroups(fakeroot("old-kernel"), scratch_);
  EXPECT_FALSE(folders.unified.found() || folders.v1_cpu.found() || folders.v1_memory.found());
}

TEST_F(CgroupTest, CpuMax) {
  EXPECT_EQ(parse_cpu_max("50000 100000\n"), 0.5);
  for (const char* text : {"max 100000\n", "0 100000\n", "100000 0\n", "-1 100000\n", "100000",
                           "100000\n", "", "\n", "99999999999999999999 100000\n"})
    EXPECT_FALSE(parse_cpu_max(text)) << text;
}

}  // namespace
}  // namespace datamon::system
