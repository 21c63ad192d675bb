// What happens when something is killed or interrupted, with real processes.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "dataset.h"
#include "program.h"

namespace datamon::pipeline::test {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

bool alive(pid_t pid) {
  // A zombie whose parent has not looked yet is no longer alive either.
  return kill(pid, 0) == 0 && std::filesystem::exists("/proc/" + std::to_string(pid) + "/exe");
}

// Whether the process no longer ends by the signal's default action.
bool expects(pid_t pid, int signal) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);)
    if ((line.starts_with("SigCgt:") || line.starts_with("SigIgn:")) &&
        (std::stoull(line.substr(8), nullptr, 16) >> (signal - 1) & 1) != 0)
      return true;
  return false;
}

// Waits for it; so long only where it never comes.
template <typename Condition>
bool within(double seconds, Condition condition) {
  const auto start = Clock::now();
  while (!condition()) {
    if (seconds_since(start) > seconds) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

class Faults : public testing::Test {
 protected:
  void SetUp() override { make_dataset(folder_.path(), 30); }

  std::vector<std::string> endless(std::vector<std::string> more) const {
    std::vector<std::string> command = {pipeline_program(),
                                        folder_.path().string(),
                                        "--seconds",
                                        "100",
                                        "--size",
                                        "32",
                                        "--batch",
                                        "5",
                                        "--json"};
    command.insert(command.end(), more.begin(), more.end());
    return command;
  }

  TemporaryFolder folder_;
};

TEST_F(Faults, KilledWorkerIsNamedAndEndsTheRun) {
  for (const int victim : {0, 1, 2}) {
    Program program(endless({"--workers", "3", "--worker-kind", "process"}));
    ASSERT_TRUE(within(60, [&] { return program.children().size() == 3; }));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    const pid_t pid = program.children()[static_cast<std::size_t>(victim)];
    kill(pid, SIGKILL);
    const auto start = Clock::now();
    const Outcome outcome = program.wait(60);
    EXPECT_LT(seconds_since(start), 50);
    EXPECT_EQ(outcome.exit_code, 1) << outcome.err;
    const std::string who =
        "worker " + std::to_string(victim) + " (process " + std::to_string(pid) + ")";
    EXPECT_NE(outcome.err.find(who + " was killed by signal 9"), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find("its next batch was"), std::string::npos) << outcome.err;
  }
}

TEST_F(Faults, KilledWorkerThatOthersAreAheadOfIsNoticedToo) {
  // All batches asked for wait for the one of the dead worker, which sleeps when it dies.
  Program program(endless({"--workers", "2", "--worker-kind", "process", "--slow", "read=+10s"}));
  ASSERT_TRUE(within(60, [&] { return program.children().size() == 2; }));
  kill(program.children()[1], SIGABRT);
  const Outcome outcome = program.wait(60);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_NE(outcome.err.find("worker 1"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("signal 6"), std::string::npos) << outcome.err;
}

TEST_F(Faults, KilledConsumerTakesItsWorkersAlong) {
  Program program(endless({"--workers", "3", "--worker-kind", "process", "--compute-ms", "5"}));
  ASSERT_TRUE(within(60, [&] { return program.children().size() == 3; }));
  const auto workers = program.children();
  program.send(SIGKILL);
  EXPECT_EQ(program.wait(60).signal, SIGKILL);
  for (const pid_t pid : workers) EXPECT_TRUE(within(60, [&] { return !alive(pid); }));
}

struct Interruption {
  int signal;
  std::vector<std::string> how;
};
class FaultsInterrupted : public Faults, public testing::WithParamInterface<Interruption> {};

TEST_P(FaultsInterrupted, EndsPromptlyWithItsExitCodeAndASummary) {
  Program program(endless(GetParam().how));
  ASSERT_TRUE(within(60, [&] { return expects(program.pid(), GetParam().signal); }));
  // In some of the work, wherever that is.
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  const auto workers = program.children();
  const auto start = Clock::now();
  program.send(GetParam().signal);
  const Outcome outcome = program.wait(50);
  EXPECT_LT(seconds_since(start), 40);  // and not until the minute of the knobs is over
  EXPECT_EQ(outcome.exit_code, 128 + GetParam().signal) << outcome.err;
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["ended_by"], "signal");
  for (const pid_t pid : workers) EXPECT_FALSE(alive(pid));
}

INSTANTIATE_TEST_SUITE_P(
    All, FaultsInterrupted,
    testing::Values(Interruption{SIGINT, {"--workers", "0"}},
                    Interruption{SIGINT, {"--workers", "2"}},
                    Interruption{SIGTERM, {"--workers", "2", "--worker-kind", "process"}},
                    Interruption{SIGINT, {"--workers", "2", "--slow", "read=+60s"}},
                    Interruption{SIGINT, {"--slow", "decode=+60s"}},
                    Interruption{
                        SIGINT,
                        {"--workers", "2", "--worker-kind", "process", "--slow", "start=+60s"}},
                    Interruption{SIGINT, {"--workers", "2", "--compute-ms", "60000"}},
                    Interruption{SIGINT, {"--compute-ms", "60000", "--compute", "burn"}}));

TEST_F(Faults, CtrlCReachesTheWholeProcessGroup) {
  Program program(endless({"--workers", "2", "--worker-kind", "process"}));
  ASSERT_TRUE(within(60, [&] { return program.children().size() == 2; }));
  ASSERT_TRUE(within(60, [&] { return expects(program.pid(), SIGINT); }));
  for (const pid_t pid : program.children())
    ASSERT_TRUE(within(60, [&] { return expects(pid, SIGINT); }));
  program.send_to_group(SIGINT);
  const Outcome outcome = program.wait(60);
  EXPECT_EQ(outcome.exit_code, 130) << outcome.err;
  EXPECT_EQ(outcome.err, "");
}

}  // namespace
}  // namespace datamon::pipeline::test
