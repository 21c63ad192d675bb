// Disks, what is behind a path, and the network.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <set>
#include <string>

#include "fakeroot.h"
#include "system/disk.h"
#include "system/mounts.h"
#include "system/network.h"

namespace datamon::system {
namespace {

using test::fakeroot;

class StorageTest : public ::testing::Test {
 protected:
  std::set<std::string> names(const DiskReader& disks) {
    std::set<std::string> names;
    for (std::size_t i = 0; i < disks.size(); ++i) names.emplace(disks.name(i));
    return names;
  }
  test::ScratchMemory scratch_;
};

TEST_F(StorageTest, UnusedVirtualDisksAreLeftOut) {
  const DiskReader disks(fakeroot("vm-2-cpus"), "", scratch_);
  EXPECT_EQ(names(disks), std::set<std::string>{"vda"});
  std::array<std::optional<DiskStat>, DiskReader::kMaxDisks> stats;
  disks.read(scratch_, stats);
  ASSERT_TRUE(stats[0]);
  EXPECT_EQ(stats[0]->reads, 202545u);
  EXPECT_EQ(stats[0]->read_bytes, 9387922u * 512ull);
  EXPECT_EQ(stats[0]->read_ns, 124415'000'000u);
  EXPECT_EQ(stats[0]->write_bytes, 24272664u * 512ull);
  EXPECT_EQ(stats[0]->in_flight, 0u);
  EXPECT_EQ(stats[0]->busy_ns, 34496'000'000u);
  EXPECT_FALSE(stats[1]);
}

TEST_F(StorageTest, ManyDisks) {
  const DiskReader disks(fakeroot("large-server"), "nvme0n1", scratch_);
  const auto chosen = names(disks);
  EXPECT_EQ(chosen.size(), DiskReader::kMaxDisks);
  EXPECT_TRUE(chosen.contains("nvme0n1"));     // asked for, though hardly used
  EXPECT_TRUE(chosen.contains("cciss/c0d0"));  // '!' in /sys
  EXPECT_TRUE(chosen.contains("md0"));
  EXPECT_TRUE(chosen.contains("loop4"));   // used
  EXPECT_TRUE(chosen.contains("sdaj"));    // the busiest of 36
  EXPECT_FALSE(chosen.contains("sda"));    // the least busy
  EXPECT_FALSE(chosen.contains("sdaj1"));  // a partition
  EXPECT_FALSE(chosen.contains("loop0"));
}

TEST_F(StorageTest, DiskBehindAPath) {
  const Storage vm = find_storage(fakeroot("vm-2-cpus"), makedev(254, 0), "/home/data", scratch_);
  EXPECT_EQ(vm.disk.view(), "vda");
  EXPECT_EQ(vm.type_view(), "ext4");

  const std::string container = fakeroot("cgroup-v2-namespace");
  const Storage partition = find_storage(container, makedev(259, 3), "/my data/images", scratch_);
  EXPECT_EQ(partition.disk.view(), "nvme0n1");  // not nvme0n1p3
  EXPECT_EQ(partition.type_view(), "ext4");

  // btrfs has a device number of its own: the mount's source tells.
  const Storage pool = find_storage(container, makedev(0, 71), "/pool/x", scratch_);
  EXPECT_EQ(pool.disk.view(), "sdb");
  EXPECT_EQ(pool.type_view(), "btrfs");

  const Storage store = find_storage(container, makedev(0, 61), "/mnt/store/x", scratch_);
  EXPECT_EQ(store.disk.view(), "");
  EXPECT_EQ(store.type_view(), "nfs4");
  const Storage overlay = find_storage(container, makedev(0, 50), "/root", scratch_);
  EXPECT_EQ(overlay.disk.view(), "");
  EXPECT_EQ(overlay.type_view(), "overlay");
}

TEST_F(StorageTest, PathsAreComparedByWholeNames) {
  EXPECT_TRUE(is_below("/mnt/store", "/mnt/store"));
  EXPECT_TRUE(is_below("/mnt/store/x", "/mnt/store"));
  EXPECT_FALSE(is_below("/mnt/storehouse", "/mnt/store"));
  EXPECT_TRUE(is_below("/anything", "/"));
  EXPECT_EQ(unescape("/my\\040data\\134\\").view(), "/my data\\\\");
}

TEST_F(StorageTest, NetworkOfHardwareOnly) {
  const auto server = NetworkReader(fakeroot("large-server"), scratch_).read(scratch_);
  ASSERT_TRUE(server);
  EXPECT_EQ(server->receive_bytes, 300u);  // eth0 + eth1, not bond0 again
  EXPECT_EQ(server->send_bytes, 30u);
}

TEST_F(StorageTest, NetworkOfAContainer) {
  const auto container = NetworkReader(fakeroot("old-kernel"), scratch_).read(scratch_);
  ASSERT_TRUE(container);
  EXPECT_EQ(container->receive_bytes, 1000u);  // all but lo; no blank behind the colon
  EXPECT_EQ(container->send_bytes, 2000u);
  EXPECT_FALSE(NetworkReader(fakeroot("cgroup-v1"), scratch_).read(scratch_));
}

TEST_F(StorageTest, ThisMachine) {
  struct stat status {};
  ASSERT_EQ(::stat(".", &status), 0);
  const Storage storage = find_storage("", status.st_dev, "/", scratch_);
  EXPECT_FALSE(storage.type_view().empty());
}

}  // namespace
}  // namespace datamon::system
