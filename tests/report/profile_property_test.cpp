// What must hold for every recording: the order of files does not matter, and
// a job that is k times slower in everything has k times the times and nothing else.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "loader_model.h"
#include "report/profile.h"
#include "temporary_folder.h"

namespace datamon::report {
namespace {

using namespace datamon::testing;

Profile built_from(const LoaderModel& model) {
  test::TemporaryFolder folder;
  write_loader(folder.path(), model);
  return build_profile(Recording::open(folder.path()));
}

LoaderModel model_of(int number) {
  LoaderModel model;
  model.workers = number % 4;
  model.seed = static_cast<std::uint64_t>(number) + 1;
  model.jitter = 0.1 * (number % 5);
  model.epochs = 1 + number % 3;
  model.batches = 60;
  model.compute_s = number % 2 == 0 ? 2e-3 : 20e-3;
  model.sample_every = 1 + number % 3;
  return model;
}

void expect_near(double a, double b, const char* what) {
  EXPECT_NEAR(a, b, 1e-6 + 1e-3 * std::abs(b)) << what;
}

TEST(ProfileProperty, SlowerByAFactorChangesTimesAlone) {
  for (int number = 0; number < 8; ++number) {
    const LoaderModel model = model_of(number);
    LoaderModel slow = model;
    constexpr double k = 4;
    for (double* time :
         {&slow.read_s, &slow.decode_s, &slow.transform_s, &slow.other_s, &slow.collate_s,
          &slow.send_s, &slow.receive_s, &slow.compute_s, &slow.init_s})
      *time *= k;
    const Profile a = built_from(model), b = built_from(slow);
    EXPECT_EQ(a.items, b.items);
    EXPECT_EQ(a.consumer.steps, b.consumer.steps);
    EXPECT_EQ(a.consumer.steady_steps, b.consumer.steady_steps) << number;
    expect_near(k * a.consumer.steady_s, b.consumer.steady_s, "steady");
    expect_near(k * a.consumer.wait_s, b.consumer.wait_s, "wait");
    expect_near(a.steps_per_s / k, b.steps_per_s, "steps/s");
    ASSERT_EQ(a.stages.size(), b.stages.size());
    for (std::size_t i = 0; i < a.stages.size(); ++i) {
      EXPECT_EQ(a.stages[i].name, b.stages[i].name);
      EXPECT_NEAR(static_cast<double>(a.stages[i].count), static_cast<double>(b.stages[i].count), 2)
          << a.stages[i].name;
      EXPECT_NEAR(a.stages[i].share, b.stages[i].share, 0.01) << a.stages[i].name;
    }
  }
}

// The same processes under other names, so that the files come in another order.
TEST(ProfileProperty, OrderOfFilesDoesNotMatter) {
  for (int number = 1; number < 4; ++number) {
    test::TemporaryFolder folder;
    write_loader(folder.path(), model_of(number));
    const Profile a = build_profile(Recording::open(folder.path()));
    int rank = 0;
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
      files.push_back(entry.path());
    std::sort(files.begin(), files.end(), std::greater<>());
    for (const auto& file : files)
      std::filesystem::rename(file, folder.path() / ("r" + std::to_string(rank++) + ".mon"));
    const Profile b = build_profile(Recording::open(folder.path()));
    EXPECT_EQ(a.items, b.items);
    EXPECT_EQ(a.consumer.steady_steps, b.consumer.steady_steps);
    EXPECT_DOUBLE_EQ(a.consumer.wait_s, b.consumer.wait_s);
    ASSERT_EQ(a.stages.size(), b.stages.size());
    for (std::size_t i = 0; i < a.stages.size(); ++i) {
      EXPECT_EQ(a.stages[i].count, b.stages[i].count);
      EXPECT_NEAR(a.stages[i].self_s, b.stages[i].self_s, 1e-9);
      EXPECT_NEAR(a.stages[i].p99_ms, b.stages[i].p99_ms, 1e-9);
    }
    ASSERT_EQ(a.workers.size(), b.workers.size());
    for (std::size_t i = 0; i < a.workers.size(); ++i)
      EXPECT_EQ(a.workers[i].pid, b.workers[i].pid);
  }
}

// Nothing to divide by: no NaN, no infinity, no surprise.
TEST(ProfileProperty, TinyRecordingsAreSane) {
  const auto profile_file = [](const auto& fill) {
    test::TemporaryFolder folder;
    FileBuilder file({.is_root = true});
    fill(file);
    file.write(folder.path());
    const Profile profile = build_profile(Recording::open(folder.path()));
    for (const double value : {profile.steps_per_s, profile.items_per_s, profile.batches_per_s,
                               profile.consumer.wait_s, profile.monitor.cost_share})
      EXPECT_TRUE(std::isfinite(value));
    return profile;
  };
  EXPECT_FALSE(profile_file([](FileBuilder&) {}).consumer.present);
  const Profile one_step = profile_file([](FileBuilder& file) {
    TrackBuilder& track = file.track(kConsumer, 0, "main");
    track.span(kWait, 1, 2, {.id = 0});
    track.span(kCompute, 2, 3);
  });
  EXPECT_EQ(one_step.consumer.steps, 1u);
  EXPECT_EQ(one_step.consumer.steady_steps, 0u);
  EXPECT_EQ(one_step.steps_per_s, 0);
  const Profile workers_only = profile_file([](FileBuilder& file) {
    TrackBuilder& track = file.track(kWorker, 0, "worker");
    for (int i = 0; i < 100; ++i) track.span(kFetch, i, i + 0.5);
  });
  EXPECT_FALSE(workers_only.consumer.present);
  EXPECT_EQ(workers_only.workers.size(), 1u);
  EXPECT_EQ(workers_only.items, 100u);
  const Profile start_only =
      profile_file([](FileBuilder& file) { file.track(kWorker, 0, "worker").span(kInit, 0, 5); });
  EXPECT_EQ(start_only.items, 0u);
}

}  // namespace
}  // namespace datamon::report
