// CPU time, run queue, processes and what the CPU is.
#include <gtest/gtest.h>
#include <unistd.h>

#include "fakeroot.h"
#include "system/affinity.h"
#include "system/cpu_info.h"
#include "system/cpu_stat.h"
#include "system/load_average.h"
#include "system/process_stat.h"

namespace datamon::system {
namespace {

using test::fakeroot;

class CpuTest : public ::testing::Test {
 protected:
  test::ScratchMemory scratch_;
  const std::uint64_t tick_ = clock_tick_ns();
};

TEST_F(CpuTest, TotalsOfARecordedMachine) {
  const auto stat = CpuStatReader(fakeroot("vm-2-cpus")).read(scratch_);
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->user_ns, 168254 * tick_);
  EXPECT_EQ(stat->system_ns, 25433 * tick_);
  EXPECT_EQ(stat->idle_ns, 430832 * tick_);
  EXPECT_EQ(stat->iowait_ns, 1767 * tick_);
  EXPECT_EQ(stat->irq_ns, 360 * tick_);
  EXPECT_EQ(stat->steal_ns, 127 * tick_);
  EXPECT_EQ(stat->cores_online, 2u);
  EXPECT_EQ(stat->context_switches, 2733472u);
  EXPECT_EQ(stat->running, 5u);
  EXPECT_EQ(stat->blocked, 0u);
}

TEST_F(CpuTest, WholeFileOfALargeServerIsSeen) {
  const auto stat = CpuStatReader(fakeroot("large-server")).read(scratch_);
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->cores_online, 256u);
  EXPECT_EQ(stat->running, 131u);  // behind 4500 interrupts
  EXPECT_EQ(stat->blocked, 17u);
  EXPECT_GT(stat->steal_ns, 0u);
}

TEST_F(CpuTest, OldKernelsHaveFewerColumns) {
  const auto stat = CpuStatReader(fakeroot("old-kernel")).read(scratch_);
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->user_ns, 1050 * tick_);
  EXPECT_EQ(stat->idle_ns, 90000 * tick_);
  EXPECT_EQ(stat->iowait_ns, 0u);
  EXPECT_FALSE(stat->running);
}

TEST_F(CpuTest, ReadsAgainThroughTheSameDescriptor) {
  const CpuStatReader reader;
  const auto first = reader.read(scratch_);
  volatile std::uint64_t sink = 0;
  for (int i = 0; i < 60'000'000; ++i) sink = sink + 1;
  const auto second = reader.read(scratch_);
  ASSERT_TRUE(first && second);
  EXPECT_GT(second->user_ns + second->idle_ns + second->system_ns,
            first->user_ns + first->idle_ns + first->system_ns);
}

TEST_F(CpuTest, MissingFile) {
  EXPECT_FALSE(CpuStatReader(fakeroot("no-such-machine")).read(scratch_));
  EXPECT_FALSE(LoadAverageReader(fakeroot("no-such-machine")).read(scratch_));
}

TEST_F(CpuTest, RunQueue) {
  const auto load = LoadAverageReader(fakeroot("large-server")).read(scratch_);
  ASSERT_TRUE(load);
  EXPECT_DOUBLE_EQ(load->one_minute, 130.2);
  EXPECT_EQ(load->runnable, 131u);
  EXPECT_EQ(load->threads, 4711u);
}

TEST_F(CpuTest, WhatTheCpuIs) {
  const CpuInfo vm = read_cpu_info(fakeroot("vm-2-cpus"), scratch_);
  EXPECT_EQ(vm.model(), "AMD EPYC");
  EXPECT_EQ(vm.cpus, 2u);
  EXPECT_EQ(vm.sockets, 1u);
  EXPECT_EQ(vm.threads_per_core, 1u);
  EXPECT_TRUE(vm.invariant_tsc);
  EXPECT_EQ(read_clock_source(fakeroot("vm-2-cpus"), scratch_), "tsc");

  const CpuInfo server = read_cpu_info(fakeroot("large-server"), scratch_);
  EXPECT_EQ(server.cpus, 256u);
  EXPECT_EQ(server.sockets, 2u);
  EXPECT_EQ(server.threads_per_core, 2u);

  const CpuInfo old = read_cpu_info(fakeroot("old-kernel"), scratch_);
  EXPECT_EQ(old.model(), "Old CPU @ 2.0GHz");
  EXPECT_EQ(old.sockets, 0u);
  EXPECT_FALSE(old.invariant_tsc);
}

TEST_F(CpuTest, ProcessOfARecordedMachine) {
  const auto stat = read_process_stat(fakeroot("vm-2-cpus"), 0, scratch_);
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->parent_pid, 1u);
  EXPECT_EQ(stat->threads, 9u);
  EXPECT_EQ(stat->cpu_ns, (184 + 41) * tick_);
  EXPECT_EQ(stat->major_faults, 7u);
  EXPECT_EQ(stat->rss_bytes, 10732u * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
  EXPECT_EQ(stat->start_ticks, 91827u);
  EXPECT_EQ(stat->state, 'S');
  const auto io = read_process_io(fakeroot("vm-2-cpus"), 0, scratch_);
  ASSERT_TRUE(io);
  EXPECT_EQ(io->read_bytes, 52428800u);
  EXPECT_EQ(io->requested_bytes, 104857600u);
  EXPECT_EQ(io->write_bytes, 8192u);
}

TEST_F(CpuTest, ProcessNamesMayHoldAnything) {
  const auto stat = read_process_stat(fakeroot("old-kernel"), 0, scratch_);
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->threads, 2u);
  EXPECT_EQ(stat->start_ticks, 777u);
  EXPECT_EQ(stat->rss_bytes, 0u);  // -1 while a process starts
  EXPECT_FALSE(read_process_io(fakeroot("old-kernel"), 0, scratch_));
}

TEST_F(CpuTest, OwnProcess) {
  const auto by_number = read_process_stat("", static_cast<std::uint32_t>(::getpid()), scratch_);
  const auto self = read_process_stat("", 0, scratch_);
  ASSERT_TRUE(by_number && self);
  EXPECT_EQ(by_number->start_ticks, self->start_ticks);
  EXPECT_EQ(self->parent_pid, static_cast<std::uint32_t>(::getppid()));
  const auto cores = affinity_cores();
  ASSERT_TRUE(cores);
  EXPECT_GE(*cores, 1);
  EXPECT_LE(*cores, ::sysconf(_SC_NPROCESSORS_CONF));
}

}  // namespace
}  // namespace datamon::system
