// Processes of a job that have a sampler each, for tests that fork and kill them.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "monitor/sampler.h"
#include "test_recording.h"

namespace datamon::test {

inline constexpr char kHost[] = "host-1";

inline monitor::SamplerOptions options_for(const TemporaryFolder& folder, RecordingFile& file) {
  monitor::SamplerOptions options;
  options.directory = folder.path().c_str();
  options.host = kHost;
  options.blocks = &file;
  options.header = file.header();
  options.ticks = ticks;
  options.budget_ppm = 1'000'000;  // sanitizers make rows dear
  options.fast_interval_ns = 10'000'000;
  return options;
}

// A process of the job: runs `body` and leaves with its result, or dies with the
// test (whose runner would wait for it).
class Child {
 public:
  explicit Child(const std::function<int()>& body) : pid_(::fork()) {
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::_exit(body());
  }
  ~Child() {
    if (!waited_) {
      kill();
      wait();
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  pid_t pid() const { return pid_; }
  void kill() const { ::kill(pid_, SIGKILL); }
  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    waited_ = true;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t pid_;
  bool waited_ = false;
};

[[noreturn]] inline void keep_trying() {
  for (;;) {
    monitor::sampler_try_takeover();
    ::usleep(5000);
  }
}

inline std::size_t rows_of(const TemporaryFolder& folder, pid_t pid) {
  for (const auto& file : read_sampler_files(folder.path()))
    if (file.header.pid == static_cast<std::uint32_t>(pid)) return file.rows.size();
  return 0;
}

// Threads of a process by name, from /proc.
inline int sampler_threads(pid_t pid) {
  int count = 0;
  const std::string folder = "/proc/" + std::to_string(pid) + "/task";
  std::error_code ignored;
  for (const auto& task : std::filesystem::directory_iterator(folder, ignored)) {
    std::string name;
    std::ifstream(task.path() / "comm") >> name;
    if (name == "datamon-sampler") ++count;
  }
  return count;
}

// sampler_stop() does not wait for a thread that gets no core; this does, once it has its name.
inline bool stop_and_wait() {
  monitor::sampler_stop();
  return eventually([] { return sampler_threads(::getpid()) == 0; });
}

// Every test forks, so that no sampler lives in the test program itself.
class InFolder : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
};

}  // namespace datamon::test
