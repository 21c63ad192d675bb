// Memory, paging and pressure.
#include <gtest/gtest.h>

#include "fakeroot.h"
#include "system/memory_info.h"
#include "system/pressure.h"
#include "system/vm_stat.h"

namespace datamon::system {
namespace {

using test::fakeroot;

class MemoryTest : public ::testing::Test {
 protected:
  test::ScratchMemory scratch_;
};

TEST_F(MemoryTest, Recorded) {
  const auto memory = MemoryInfoReader(fakeroot("vm-2-cpus")).read(scratch_);
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->total_bytes, 24684084u * 1024ull);
  EXPECT_EQ(memory->available_bytes, 23317104u * 1024ull);
  EXPECT_EQ(memory->page_cache_bytes, 2695504u * 1024ull);
  const auto vm = VmStatReader(fakeroot("vm-2-cpus")).read(scratch_);
  ASSERT_TRUE(vm);
  EXPECT_EQ(vm->major_faults, 5420u);
  EXPECT_EQ(vm->paged_in_bytes, 4693961u * 1024ull);
  EXPECT_EQ(vm->refaults, 870595u);
}

TEST_F(MemoryTest, OldKernels) {
  const auto memory = MemoryInfoReader(fakeroot("old-kernel")).read(scratch_);
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->available_bytes, 6000000u * 1024ull);  // free + cached
  const auto vm = VmStatReader(fakeroot("old-kernel")).read(scratch_);
  ASSERT_TRUE(vm);
  EXPECT_EQ(vm->major_faults, 17u);
  EXPECT_EQ(vm->refaults, 23u);
}

TEST_F(MemoryTest, RefaultsMayBeUnknown) {
  const auto vm = parse_vm_stat("pgpgin 1\npgmajfault 2\n");
  ASSERT_TRUE(vm);
  EXPECT_FALSE(vm->refaults);
  EXPECT_FALSE(parse_vm_stat("pgpgin 1\n"));
}

TEST_F(MemoryTest, Pressure) {
  const std::string folder = fakeroot("vm-2-cpus") + "/proc/pressure/";
  const auto cpu = PressureReader(Path{folder, "cpu"}).read(scratch_);
  const auto io = PressureReader(Path{folder, "io"}).read(scratch_);
  ASSERT_TRUE(cpu && io);
  EXPECT_EQ(cpu->some_ns, 411'901'222'000u);
  EXPECT_EQ(io->some_ns, 17'013'240'000u);
  EXPECT_EQ(io->full_ns, 14'579'324'000u);
}

TEST_F(MemoryTest, PressureOfOlderKernelsHasNoFullLineForCpu) {
  const auto cpu = parse_pressure("some avg10=0.00 avg60=0.00 avg300=0.00 total=5\n");
  ASSERT_TRUE(cpu);
  EXPECT_EQ(cpu->some_ns, 5000u);
  EXPECT_EQ(cpu->full_ns, 0u);
}

TEST_F(MemoryTest, NoPressure) {
  EXPECT_FALSE(PressureReader(Path{fakeroot("old-kernel"), "/proc/pressure/io"}).read(scratch_));
  EXPECT_FALSE(PressureReader().available(scratch_));
  for (const char* text :
       {"", "some", "some total=\n", "some total=x\n", "full total=1\n", "some avg10=0.00 total=1"})
    EXPECT_FALSE(parse_pressure(text)) << text;
}

}  // namespace
}  // namespace datamon::system
