// Limits, throttling and pressure of control groups, version 1 and 2.
#include "system/cgroup.h"

#include <gtest/gtest.h>

#include "fakeroot.h"

namespace datamon::system {
namespace {

using test::fakeroot;

class CgroupTest : public ::testing::Test {
 protected:
  test::ScratchMemory scratch_;
};

TEST_F(CgroupTest, NoLimits) {
  const CgroupReader cgroup(fakeroot("vm-2-cpus"), scratch_);
  EXPECT_FALSE(cgroup.cpu_limit(scratch_));
  EXPECT_FALSE(cgroup.has_cpu_limit());
  EXPECT_FALSE(cgroup.throttling(scratch_));
  EXPECT_FALSE(cgroup.memory(scratch_));
  const CgroupFolders folders = find_cgroups(fakeroot("vm-2-cpus"), scratch_);
  EXPECT_EQ(folders.v1_memory.path.view(), fakeroot("vm-2-cpus") + "/sys/fs/cgroup/memory/jobs/17");
  EXPECT_EQ(folders.unified.path.view(), fakeroot("vm-2-cpus") + "/sys/fs/cgroup/unified");
}

TEST_F(CgroupTest, LowestLimitOfAllAncestorsCounts) {
  const CgroupReader cgroup(fakeroot("cgroup-v2-nested"), scratch_);
  const auto limit = cgroup.cpu_limit(scratch_);
  ASSERT_TRUE(limit);
  EXPECT_DOUBLE_EQ(*limit, 4.0);  // pod-7; the group itself has none, its grandparent 16
  const auto throttling = cgroup.throttling(scratch_);
  ASSERT_TRUE(throttling);
  EXPECT_EQ(throttling->periods, 1800u);
  EXPECT_EQ(throttling->throttled_periods, 210u);
  EXPECT_EQ(throttling->throttled_ns, 3'520'000'000u);
  const auto memory = cgroup.memory(scratch_);
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->limit_bytes, 8589934592u);
  EXPECT_EQ(memory->used_bytes, 7516192768u);
}

TEST_F(CgroupTest, OwnPressure) {
  const CgroupReader cgroup(fakeroot("cgroup-v2-nested"), scratch_);
  const auto io = cgroup.io_pressure().read(scratch_);
  ASSERT_TRUE(io);
  EXPECT_EQ(io->some_ns, 60'000'000'000u);
  EXPECT_EQ(io->full_ns, 55'000'000'000u);
  EXPECT_TRUE(cgroup.cpu_pressure().available(scratch_));
  EXPECT_FALSE(CgroupReader(fakeroot("cgroup-v1"), scratch_).cpu_pressure().available(scratch_));
}

TEST_F(CgroupTest, PathOutsideTheNamespaceIsTheMountPoint) {
  const CgroupReader cgroup(fakeroot("cgroup-v2-namespace"), scratch_);
  EXPECT_EQ(cgroup.cpu_limit(scratch_), 1.5);
  const auto throttling = cgroup.throttling(scratch_);
  ASSERT_TRUE(throttling);
  EXPECT_EQ(throttling->throttled_ns, 7000u);
}

TEST_F(CgroupTest, VersionOneBehindAMountedPart) {
  const CgroupReader cgroup(fakeroot("cgroup-v1"), scratch_);
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

TEST_F(CgroupTest, NothingThere) {
  const CgroupReader cgroup(fakeroot("old-kernel"), scratch_);
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
