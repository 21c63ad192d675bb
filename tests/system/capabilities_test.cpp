// What `datamon doctor` says, on recorded machines.
#include "system/capabilities.h"

#include <gtest/gtest.h>
#include <sys/sysmacros.h>

#include <cstdlib>

#include "fakeroot.h"
#include "test_recording.h"

namespace datamon::system {
namespace {

using test::fakeroot;

Environment on(const std::string& machine) {
  Environment environment;
  environment.root = fakeroot(machine);
  environment.working_directory = "/home/data";
  environment.working_device = makedev(254, 0);
  environment.affinity_cores = 2;
  environment.cpu_has_invariant_tsc = true;
  environment.recording_directory = "/home/data";
  environment.recording_free_bytes = 100ull << 30;
  environment.libjpeg_version = "libjpeg-turbo 2.1.5";
  environment.gpus = {"Test GPU", "Test GPU"};
  environment.gpu_driver = "550.90.07";
  return environment;
}

Capability find(const Capabilities& capabilities, const std::string& name) {
  for (const Capability& capability : capabilities)
    if (capability.name == name) return capability;
  ADD_FAILURE() << "no " << name;
  return {};
}

TEST(Capabilities, EverythingCanBeMeasured) {
  const Capabilities all = probe(on("vm-2-cpus"));
  for (const char* name :
       {"clock", "cpu", "run-queue", "cpu-limit", "memory-limit", "pressure", "process-io", "disk",
        "page-cache", "network", "gpu", "jpeg", "recording"}) {
    const Capability capability = find(all, name);
    EXPECT_EQ(capability.status, Status::kYes) << name << ": " << capability.reason;
    EXPECT_FALSE(capability.reason.empty()) << name;
    EXPECT_TRUE(capability.remedy.empty()) << name;
  }
  EXPECT_EQ(find(all, "gpu").reason, "2 x Test GPU, driver 550.90.07");
  EXPECT_EQ(find(all, "disk").reason, "/home/data lies on vda (ext4)");
}

TEST(Capabilities, AnOldKernelLacksMuchAndEveryLackHasARemedy) {
  Environment environment = on("old-kernel");
  environment.cpu_has_invariant_tsc = false;
  environment.gpus.clear();
  environment.nvml_problem = "no NVIDIA driver library";
  environment.libjpeg_version.clear();
  environment.recording_problem = "no file can be made in /: Read-only file system";
  const Capabilities all = probe(environment);
  EXPECT_EQ(find(all, "clock").status, Status::kPartly);
  for (const char* name : {"run-queue", "cpu-limit", "pressure", "cgroup-pressure", "process-io",
                           "disk", "gpu", "jpeg", "recording"})
    EXPECT_EQ(find(all, name).status, Status::kNo) << name;
  for (const Capability& capability : all) {
    EXPECT_FALSE(capability.reason.empty()) << capability.name;
    EXPECT_EQ(capability.remedy.empty(), capability.status == Status::kYes) << capability.name;
  }
}

TEST(Capabilities, LimitsAreNamed) {
  const Capabilities all = probe(on("cgroup-v2-nested"));
  EXPECT_EQ(find(all, "cpu-limit").reason, "the cgroup allows 4 cores; throttling is counted");
  EXPECT_EQ(find(all, "memory-limit").reason, "the cgroup allows 8.0 GiB, 7.0 GiB in use");
  EXPECT_EQ(find(all, "cgroup-pressure").status, Status::kYes);
}

TEST(Capabilities, AnEmptyRootIsNoCrash) {
  Environment environment;
  environment.root = "/nonexistent";
  const Capabilities all = probe(environment);
  EXPECT_EQ(all.size(), probe(on("vm-2-cpus")).size());
}

TEST(Capabilities, LittleSpace) {
  Environment environment = on("vm-2-cpus");
  environment.recording_free_bytes = 10 << 20;
  EXPECT_EQ(find(probe(environment), "recording").status, Status::kPartly);
}

TEST(Capabilities, ThisMachine) {
  const test::TemporaryFolder folder;
  ::setenv("MON_DIR", (folder.path() / "not" / "yet").c_str(), 1);
  const Environment environment = current_environment();
  ::unsetenv("MON_DIR");
  EXPECT_EQ(environment.recording_problem, "");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));  // its trial file is gone
  EXPECT_EQ(find(probe(environment), "cpu").status, Status::kYes);
}

}  // namespace
}  // namespace datamon::system
