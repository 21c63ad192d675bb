// What the profile says of the machine that a sampler saw, and of the job's part in it.
#include <gtest/gtest.h>

#include <cmath>

#include "recording_builder.h"
#include "report/profile.h"
#include "temporary_folder.h"

namespace datamon::report {
namespace {

using namespace datamon::testing;

// Three seconds of a consumer: 300 steps of 10 ms.
void add_steps(FileBuilder& root, double wait_s) {
  TrackBuilder& main = root.track(kConsumer, 0, "main");
  for (int i = 0; i < 300; ++i) {
    main.span(kWait, 0.01 * i, 0.01 * i + wait_s, {.id = static_cast<std::uint64_t>(i)});
    main.span(kCompute, 0.01 * i + wait_s, 0.01 * i + 0.01);
  }
}

// What the sampler saw of a job with a limit of two cores; rates a second.
MachineProfile limited(double stopped_s, double stopped_periods, bool time_known = true) {
  test::TemporaryFolder folder;
  FileBuilder root({.pid = 1, .is_root = true});
  add_steps(root, 0.005);
  const auto grows = [](double per_s) { return [per_s](double at_s) { return per_s * at_s; }; };
  const auto counter = format::MetricKind::kCounter;
  std::vector<MetricColumn> columns = {
      {"cores.online", "1", format::MetricKind::kGauge, [](double) { return 64.0; }},
      {"cores.allowed", "1", format::MetricKind::kGauge, [](double) { return 2.0; }},
      {"cpu.periods", "1", counter, grows(10)},
      {"cpu.throttled_periods", "1", counter, grows(stopped_periods)}};
  if (time_known) columns.push_back({"cpu.throttled", "ns", counter, grows(stopped_s * 1e9)});
  root.sample(columns, 0, 3, 0.1);
  root.write(folder.path());
  return build_profile(Recording::open(folder.path())).machine;
}

TEST(Profile, TellsTimeStoppedByACpuLimitFromPeriodsWithAStop) {
  const MachineProfile short_stops = limited(0.018, 6);  // 3 ms in each of them
  EXPECT_NEAR(short_stops.throttled_share, 0.018 / 2.018, 1e-6);
  EXPECT_NEAR(short_stops.throttled_periods_share, 0.6, 1e-6);
  // Eight threads on two cores: each is stopped three quarters of its time.
  EXPECT_NEAR(limited(6, 10).throttled_share, 0.75, 1e-6);
  const MachineProfile periods_alone = limited(0, 6, false);
  EXPECT_TRUE(std::isnan(periods_alone.throttled_share));
  EXPECT_NEAR(periods_alone.throttled_periods_share, 0.6, 1e-6);
}

// A worker that was first seen at the second look had worked before it, unseen.
TEST(Profile, CoresAreOfLooksThatSawTheSameProcesses) {
  test::TemporaryFolder folder;
  FileBuilder root({.pid = 1, .is_root = true});
  add_steps(root, 0.005);
  root.sample({{"cores.online", "1", format::MetricKind::kGauge, [](double) { return 2.0; }}}, 0, 3,
              0.5);
  for (int second = 0; second <= 3; ++second) {
    root.sample_process(second, 1, 0.1 * second, 1 << 20, 0);
    if (second >= 1) root.sample_process(second, 10, 0.9 * second, 1 << 20, 0);
    if (second == 3) root.sample_process(second, 11, 0.2, 1 << 20, 0);
  }
  root.write(folder.path());
  const Profile profile = build_profile(Recording::open(folder.path()));
  EXPECT_NEAR(profile.machine.cores_used_job, 1.0, 1e-6);
}

// Workers that live for an epoch, seen once each with hardly any of what they used: their
// stages say more.
TEST(Profile, CoresOfWorkersThatLiveShortAreThoseOfTheirStages) {
  test::TemporaryFolder folder;
  FileBuilder root({.pid = 1, .is_root = true});
  add_steps(root, 0.009);
  const auto used = [](double at_s) { return 1.1e9 * at_s; };
  root.sample({{"cores.online", "1", format::MetricKind::kGauge, [](double) { return 2.0; }},
               {"cpu.user", "ns", format::MetricKind::kCounter, used},
               {"cpu.system", "ns", format::MetricKind::kCounter, [](double) { return 0.0; }}},
              0, 3, 0.1);
  for (int look = 0; look <= 3; ++look) {
    root.sample_process(look, 1, 0.05 * look, 1 << 20, 0);
    root.sample_process(look, static_cast<std::uint32_t>(10 + look), 0.01, 1 << 20, 0);
  }
  root.write(folder.path());
  FileBuilder child({.pid = 10});
  TrackBuilder& worker = child.track(kWorker, 0, "worker");
  for (int i = 0; i < 300; ++i)
    worker.span(kFetch, 0.01 * i, 0.01 * i + 0.0095,
                {.id = static_cast<std::uint64_t>(i), .split = Split{.cpu = 1.0}});
  child.write(folder.path());
  const MachineProfile machine = build_profile(Recording::open(folder.path())).machine;
  EXPECT_NEAR(machine.cores_used_total, 1.1, 0.01);
  EXPECT_NEAR(machine.cores_used_job, 0.95, 0.05);
}

}  // namespace
}  // namespace datamon::report
