// Where the recording goes, and what happens when it cannot go there. The job
// always runs on.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <thread>

#include "datamon/monitor.h"
#include "run_job.h"

namespace datamon::test {
namespace {

namespace fs = std::filesystem;
using report::Recording;

std::ptrdiff_t lines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

// Ran to its end, and said in one line why it is not recorded and what to do.
void expect_unrecorded(const Outcome& outcome, const std::string& reason) {
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(lines(outcome.output), 1) << outcome.output;
  EXPECT_NE(outcome.output.find("datamon: not recording"), std::string::npos) << outcome.output;
  EXPECT_NE(outcome.output.find(reason), std::string::npos) << outcome.output;
  EXPECT_NE(outcome.output.find("set MON_"), std::string::npos) << outcome.output;
}

TEST(Place, WithoutMonNothingIsLoaded) {
  const Folder folder;
  for (const char* value : {"", "0"}) {
    const Outcome outcome = run_job(folder, {"mapped"}, {{"MON", value}});
    EXPECT_EQ(outcome.output, "not mapped not exported\n");
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
  EXPECT_EQ(run_job(folder, {"mapped"}).output, "mapped exported\n");
}

TEST(Place, FreshDirectoryByDefault) {
  const Folder folder;
  ASSERT_EQ(run_job(folder, {"fork-exit", "10"}).output, "");
  const auto found = recordings_in(folder.path());
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(Recording::open(found[0]).processes().size(), 2u);
}

TEST(Place, JobsOfTheSameSecondAreKeptApart) {
  const Folder folder;
  std::vector<std::thread> runs;
  for (int i = 0; i < 6; ++i)
    runs.emplace_back([&folder] { EXPECT_EQ(run_job(folder, {"items", "10"}).output, ""); });
  for (std::thread& run : runs) run.join();
  const auto found = recordings_in(folder.path());
  EXPECT_EQ(found.size(), 6u);
  for (const fs::path& path : found) EXPECT_EQ(Recording::open(path).processes().size(), 1u);
}

TEST(Place, JobsThatShareADirectoryGetAFileEach) {
  const Folder folder;
  for (int i = 0; i < 3; ++i) run_job(folder, {"items", "10"}, {{"MON_DIR", "rec"}});
  EXPECT_EQ(Recording::open(folder / "rec").processes().size(), 3u);
}

TEST(Place, DirectoryThatCannotBeMade) {
  const Folder folder;
  expect_unrecorded(run_job(folder, {"items", "10"}, {{"MON_DIR", "no/such/parent"}}),
                    "No such file or directory");
  std::ofstream(folder / "file") << "x";
  expect_unrecorded(run_job(folder, {"items", "10"}, {{"MON_DIR", "file"}}), "not a directory");
  fs::create_directory(folder / "real");
  fs::create_directory_symlink(folder / "real", folder / "link");
  expect_unrecorded(run_job(folder, {"items", "10"}, {{"MON_DIR", "link"}}), "symbolic link");
  EXPECT_TRUE(fs::is_empty(folder / "real"));
}

TEST(Place, DirectoryOfAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give a directory away";
  const Folder folder;
  fs::create_directory(folder / "rec");
  ASSERT_EQ(::chown((folder / "rec").c_str(), 1234, 1234), 0);
  expect_unrecorded(run_job(folder, {"items", "10"}, {{"MON_DIR", "rec"}}), "another user");
  EXPECT_TRUE(fs::is_empty(folder / "rec"));
}

TEST(Place, DirectoryThatCannotBeWritten) {
  const Folder folder;
  if (::geteuid() == 0) {  // root may write everywhere but here
    expect_unrecorded(run_job(folder, {"items", "10"}, {{"MON_DIR", "/proc/datamon"}}),
                      "cannot make");
    return;
  }
  fs::create_directory(folder / "rec");
  ASSERT_EQ(::chmod((folder / "rec").c_str(), 0500), 0);
  expect_unrecorded(run_job(folder, {"items", "10"}, {{"MON_DIR", "rec"}}), "Permission denied");
}

// A file system of `kib` KiB, for as long as it lives.
class SmallDisk {
 public:
  SmallDisk(const fs::path& at, int kib) : at_(at) {
    fs::create_directory(at_);
    const std::string options = "size=" + std::to_string(kib) + "k";
    mounted_ = ::mount("tmpfs", at_.c_str(), "tmpfs", 0, options.c_str()) == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(at_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }

 private:
  fs::path at_;
  bool mounted_;
};

TEST(Place, DiskThatIsFull) {
  const Folder folder;
  const SmallDisk disk(folder / "disk", 40);
  if (!disk.mounted()) GTEST_SKIP() << "mounting is not permitted here";
  expect_unrecorded(run_job(folder, {"items", "10"}, {{"MON_DIR", "disk/rec"}}), "No space left");
}

TEST(Place, DiskThatBecomesFull) {
  const Folder folder;
  const SmallDisk disk(folder / "disk", 700);
  if (!disk.mounted()) GTEST_SKIP() << "mounting is not permitted here";
  const Outcome outcome = run_job(folder, {"items", "200000"}, {{"MON_DIR", "disk/rec"}});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(lines(outcome.output), 1) << outcome.output;
  EXPECT_NE(outcome.output.find("No space left"), std::string::npos) << outcome.output;
  const Recording recording = Recording::open(folder / "disk" / "rec");
  const auto& process = recording.processes().at(0);
  EXPECT_EQ(sums(process).at(DATAMON_FETCH).count, 200'000u);  // the sums need no more space
  EXPECT_GT(process.header.disk_full_events, 0u);
  EXPECT_EQ(process.header.unstored_spans + stored_spans(process), 600'000u);
}

// The sanitizers need descriptors (to probe memory through a pipe) and address
// space, of which these jobs have none.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(Place, MessageNeverGoesIntoAFileOfTheJob) {
  const Folder folder;
  const Environment setting{{"MON_SAMPLER", "0"}};
  EXPECT_EQ(run_job(folder, {"own-file-at-2", "100000"}, setting).status, 0);
  const Outcome outcome = run_job(folder, {"cannot-grow", "100000"}, setting);
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(lines(outcome.output), 1) << outcome.output;
  EXPECT_NE(outcome.output.find("cannot extend"), std::string::npos) << outcome.output;
}

TEST(Place, AddressSpaceThatIsTooSmall) {
  const Folder folder;
  const Outcome outcome = run_job(folder, {"limited-exec", "512"}, {{"MON_MAX_MB", "1024"}});
  expect_unrecorded(outcome, "raise the limit of the address space");
  EXPECT_NE(outcome.output.find("set MON_MAX_MB lower"), std::string::npos) << outcome.output;
}
#endif

TEST(Place, FileSizeLimitIsKept) {
  const Folder folder;
  const Outcome outcome = run_job(folder, {"small-files", "100000"}, {{"MON_DIR", "rec"}});
  EXPECT_EQ(outcome.status, 0) << outcome.output;  // no SIGXFSZ
  const Recording recording = Recording::open(folder / "rec");
  EXPECT_EQ(sums(recording.processes().at(0)).at(DATAMON_FETCH).count, 100'000u);
}

TEST(Place, RemovedWhileRunning) {
  const Folder folder;
  const Outcome outcome =
      run_job(folder, {"remove", "100000"}, {{"MON_DIR", (folder / "rec").string()}});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.output, "");
  EXPECT_FALSE(fs::exists(folder / "rec"));
}

TEST(Place, ThreadThatBeginsWhenTheRecordingCanNoLongerGrow) {
  const Folder folder;
  const Outcome outcome =
      run_job(folder, {"remove-before-thread", "50000"}, {{"MON_DIR", (folder / "rec").string()}});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.output, "");
}

TEST(Place, SizeIsBounded) {
  const Folder folder;
  ASSERT_EQ(
      run_job(folder, {"parallel", "300000"}, {{"MON_DIR", "rec"}, {"MON_MAX_MB", "4"}}).output,
      "");
  const Recording recording = Recording::open(folder / "rec");
  const auto& process = recording.processes().at(0);
  EXPECT_LE(process.file_bytes, 4u << 20);
  EXPECT_EQ(sums(process).at(DATAMON_READ).count, 2'400'000u);
  EXPECT_EQ(process.header.unstored_spans + stored_spans(process), 7'200'000u);
}

TEST(Place, LibraryThatIsMissing) {
  const Folder folder;
  const Outcome outcome = run_job(folder, {"items", "10"}, {{"MON_LIBRARY", "/no/such.so"}});
  expect_unrecorded(outcome, "/no/such.so");
}

TEST(Place, SettingsThatMakeNoSense) {
  const Folder folder;
  const Outcome outcome = run_job(
      folder, {"items", "10"}, {{"MON_DIR", "rec"}, {"MON_MAX_MB", "lots"}, {"MON_BUDGET", "-1"}});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(lines(outcome.output), 2) << outcome.output;
  EXPECT_EQ(Recording::open(folder / "rec").processes().size(), 1u);
}

}  // namespace
}  // namespace datamon::test
