// Samplers of several processes: election, take-over after kill -9, forked and cloned children.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "sampler_process.h"

namespace datamon {
namespace {

using monitor::SamplerOptions;
using monitor::SamplerState;
using test::Child;
using test::eventually;
using test::keep_trying;
using test::kHost;
using test::options_for;
using test::RecordingFile;
using test::rows_of;
using test::sampler_threads;
using test::stop_and_wait;

using SamplerFork = test::InFolder;

int open_descriptors() {
  int count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    ++count;
  return count;
}

TEST_F(SamplerFork, OnlyOneProcessOfAHostSamples) {
  const auto job = [&] {
    RecordingFile& file = test::lasting_recording(folder_.path(), kHost);
    monitor::sampler_start(options_for(folder_, file));
    keep_trying();
    return 0;
  };
  Child a(job), b(job), c(job);
  ASSERT_TRUE(eventually([&] { return !test::read_sampler_files(folder_.path()).empty(); }));
  ::usleep(100'000);
  EXPECT_EQ(sampler_threads(a.pid()) + sampler_threads(b.pid()) + sampler_threads(c.pid()), 1);
  // The one that samples sees all three.
  EXPECT_TRUE(eventually([&] {
    std::set<std::uint32_t> pids;
    for (const auto& file : test::read_sampler_files(folder_.path()))
      for (const auto& process : file.processes) pids.insert(process.pid);
    return pids.size() == 3;
  }));
}

TEST_F(SamplerFork, AnotherProcessGoesOnAfterKill) {
  const auto job = [&] {
    RecordingFile& file = test::lasting_recording(folder_.path(), kHost);
    monitor::sampler_start(options_for(folder_, file));
    keep_trying();
    return 0;
  };
  Child first(job);
  ASSERT_TRUE(eventually([&] { return rows_of(folder_, first.pid()) >= 3; }));
  Child second(job);
  ::usleep(50'000);
  EXPECT_EQ(rows_of(folder_, second.pid()), 0u);
  first.kill();
  first.wait();
  EXPECT_TRUE(eventually([&] { return rows_of(folder_, second.pid()) >= 3; }));
  EXPECT_GE(rows_of(folder_, first.pid()), 3u);  // nothing recorded before is lost
}

TEST_F(SamplerFork, HostsSampleSeparately) {
  const auto job = [&](const char* host) {
    return [&, host] {
      RecordingFile& file = test::lasting_recording(folder_.path(), host);
      SamplerOptions options = options_for(folder_, file);
      options.host = host;
      return monitor::sampler_start(options) == SamplerState::kSampling ? (::pause(), 0) : 1;
    };
  };
  Child a(job("host-1")), b(job("host-2"));
  EXPECT_TRUE(
      eventually([&] { return rows_of(folder_, a.pid()) > 0 && rows_of(folder_, b.pid()) > 0; }));
}

TEST_F(SamplerFork, ForkedChildHasNoSamplerAndTakesOverFromItsParent) {
  Child parent([&] {
    RecordingFile& file = test::lasting_recording(folder_.path(), kHost);
    const int descriptors = open_descriptors();
    if (monitor::sampler_start(options_for(folder_, file)) != SamplerState::kSampling) return 1;
    if (!eventually([&] { return rows_of(folder_, ::getpid()) > 0; })) return 2;
    Child child([&] {
      if (open_descriptors() != descriptors) return 10;  // the parent's files were closed
      if (monitor::sampler_try_takeover() != SamplerState::kIdle) return 11;
      RecordingFile& own = test::lasting_recording(folder_.path(), kHost);
      if (monitor::sampler_start(options_for(folder_, own)) != SamplerState::kWaiting) return 12;
      if (sampler_threads(::getpid()) != 0) return 13;
      return monitor::sampler_stop() ? 0 : 14;
    });
    if (const int code = child.wait(); code != 0) return code;
    // The child's closing of the lock file must not have freed our lock.
    Child other([&] {
      RecordingFile& own = test::lasting_recording(folder_.path(), kHost);
      return monitor::sampler_start(options_for(folder_, own)) == SamplerState::kWaiting ? 0 : 20;
    });
    return other.wait();
  });
  EXPECT_EQ(parent.wait(), 0);
}

// Nor anything that its parent's sampler has open for a moment, whatever that is doing.
TEST_F(SamplerFork, ForkedChildrenInheritNoFileOfTheSampler) {
  Child parent([&] {
    RecordingFile& file = test::lasting_recording(folder_.path(), kHost, 64 << 20);
    const int descriptors = open_descriptors();
    int inherited = 0;
    for (int turn = 0; turn < 20; ++turn) {
      // Each start opens many files, and reads the processes after its first row.
      if (monitor::sampler_start(options_for(folder_, file)) != SamplerState::kSampling) return 1;
      for (int fork = 0; fork < 5; ++fork) {
        Child child([&] { return open_descriptors() != descriptors; });
        inherited += child.wait();
      }
      if (!eventually([] { return sampler_threads(::getpid()) == 1; })) return 2;
      if (!stop_and_wait()) return 3;
    }
    return inherited == 0 ? 0 : 10;
  });
  EXPECT_EQ(parent.wait(), 0);
}

TEST_F(SamplerFork, RawCloneIsNoticed) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "the thread sanitizer does not see a raw clone: the parent's thread seems alive";
#endif
  Child parent([&] {
    RecordingFile& file = test::lasting_recording(folder_.path(), kHost);
    if (monitor::sampler_start(options_for(folder_, file)) != SamplerState::kSampling) return 1;
    const long child = ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
    if (child == 0) {
      const bool idle = monitor::sampler_try_takeover() == SamplerState::kIdle;
      RecordingFile& own = test::lasting_recording(folder_.path(), kHost);
      const bool waits =
          monitor::sampler_start(options_for(folder_, own)) == SamplerState::kWaiting;
      ::_exit(idle && waits ? 0 : 2);
    }
    int status = 0;
    ::waitpid(static_cast<pid_t>(child), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
  });
  EXPECT_EQ(parent.wait(), 0);
}

}  // namespace
}  // namespace datamon
