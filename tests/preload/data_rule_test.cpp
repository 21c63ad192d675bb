// Which files count as data.
#include "data_rule.h"

#include <gtest/gtest.h>

namespace datamon::preload {
namespace {

TEST(DataRule, TakesWhatAJobLearnsFrom) {
  for (const char* path :
       {"/data/train/n01440764/1.JPEG", "/home/me/.cache/huggingface/a/0000.parquet",
        "/mnt/imagenet.tar", "/tmp/x/data.mdb", "/data/annotations.json", "/opt/model/weights.pth",
        "/data/no-suffix", "/data/so/1.jpg", "/dev/shm/imagenet/1.jpg", "/data/video.so.mp4",
        "/home/me/project/lib/x.npy"})
    EXPECT_TRUE(is_data_path(path)) << path;
}

TEST(DataRule, LeavesCodeAndConfigurationOut) {
  for (const char* path :
       {"/home/me/train.py", "/home/me/__pycache__/train.cpython-312.pyc",
        "/opt/conda/lib/python3.12/lib-dynload/x.txt", "/opt/x/lib/libfoo.so.1.2",
        "/venv/lib/x/site-packages/torchvision.pth", "/home/me/conf.yaml", "/etc/hosts",
        "/usr/share/zoneinfo/UTC", "/usr/lib/locale/locale-archive", "/proc/self/maps",
        "/sys/devices/x", "/dev/urandom", "/dev/shm/torch_1234_5", "/home/me/.git/HEAD",
        "/rec/host-1-abc.mon", "/rec/host.probe", "", "relative.jpg"})
    EXPECT_FALSE(is_data_path(path)) << path;
}

// PREFIX/lib of the running PREFIX/bin/PROGRAM, as this test is in build/bin.
TEST(DataRule, LeavesTheProgramsOwnLibrariesOut) {
  const std::string prefix = DATAMON_PREFIX;
  EXPECT_TRUE(is_data_path(prefix + "/lib/a.jpg"));
  prepare_data_rule();
  EXPECT_FALSE(is_data_path(prefix + "/lib/a.jpg"));
  EXPECT_TRUE(is_data_path(prefix + "/data/a.jpg"));
}

}  // namespace
}  // namespace datamon::preload
