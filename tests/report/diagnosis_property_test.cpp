// What must hold for every profile, sensible or not.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "profile_model.h"
#include "report/diagnosis.h"
#include "report/diagnosis_verdict.h"
#include "report/reporter.h"

namespace datamon::report {
namespace {

using testing::make_profile;
using testing::ProfileModel;

// Models of all kinds, by a seed.
ProfileModel random_model(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto uniform = [&](double low, double high) {
    return low + (high - low) * (static_cast<double>(random() >> 11) * 0x1p-53);
  };
  const auto spread = [&](double low, double high) {
    return std::exp(uniform(std::log(low), std::log(high)));
  };
  ProfileModel model;
  model.workers = static_cast<int>(random() % 9);
  model.prefetch = 1 + static_cast<int>(random() % 4);
  model.steps = 30 + static_cast<int>(random() % 200);
  model.cost = {.read = spread(1e-5, 1e-2),
                .decode = spread(1e-5, 1e-2),
                .transform = spread(1e-5, 1e-2),
                .collate = spread(1e-5, 1e-3),
                .send = spread(1e-5, 1e-3),
                .other = spread(1e-7, 1e-2)};
  model.receive_s = spread(1e-6, 1e-3);
  model.transfer_s = random() % 3 == 0 ? spread(1e-5, 1e-2) : 0;
  model.compute_s = spread(1e-4, 1e-1);
  model.jitter = uniform(0, 0.9);
  model.cores = 1 + static_cast<double>(random() % 16);
  model.crowded = uniform(0, 0.5);
  model.decode_blocked = uniform(0, 1);
  model.splits = random() % 4 != 0;
  model.seed = seed;
  return model;
}

bool same_words(const Diagnosis& a, const Diagnosis& b) {
  return a.verdict.label == b.verdict.label && a.verdict.qualifiers == b.verdict.qualifiers &&
         a.verdict.confidence == b.verdict.confidence && a.verdict.stage == b.verdict.stage;
}

void expect_sound(const Profile& profile) {
  const Diagnosis diagnosis = diagnose(profile);
  const Interval& wait = diagnosis.verdict.input_wait_share;
  EXPECT_GE(wait.low, 0);
  EXPECT_LE(wait.low, wait.value);
  EXPECT_LE(wait.value, wait.high);
  EXPECT_LE(wait.high, 1 + 1e-12);
  EXPECT_TRUE(std::isfinite(diagnosis.verdict.speedup_without_wait));
  EXPECT_GE(diagnosis.verdict.speedup_without_wait, 1);
  EXPECT_FALSE(diagnosis.verdict.why.empty());
  EXPECT_FALSE(diagnosis.remedies.empty());
  EXPECT_FALSE(diagnosis.next.empty());
  for (const Remedy& remedy : diagnosis.remedies) {
    EXPECT_FALSE(remedy.change.empty());
    EXPECT_FALSE(remedy.why.empty());
  }
  for (const Fact& fact : diagnosis.facts) EXPECT_TRUE(std::isfinite(fact.value)) << fact.name;
  const std::string json = json_reporter()->render(profile, diagnosis);
  EXPECT_FALSE(nlohmann::json::parse(json, nullptr, false).is_discarded());
  EXPECT_FALSE(text_reporter({})->render(profile, diagnosis).empty());
}

TEST(DiagnosisProperty, SoundForAnyLoader) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) expect_sound(make_profile(random_model(seed)));
}

TEST(DiagnosisProperty, SoundForDegenerateProfiles) {
  expect_sound({});
  for (const int workers : {0, 2}) {
    for (const double odd : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN(),
                             std::numeric_limits<double>::infinity(), 1e300}) {
      ProfileModel model;
      model.workers = workers;
      Profile profile = make_profile(model);
      for (Step& step : profile.consumer.step) step.wait_s = odd;
      for (StageProfile& stage : profile.stages) stage.self_s = stage.split.blocked_s = odd;
      for (BatchSample& batch : profile.batches) batch.self_s[4] = odd;
      for (WorkerProfile& worker : profile.workers) worker.busy_s = worker.alive_s = odd;
      for (Phase& phase : profile.phases) phase.end_s = odd;
      profile.machine.cores_allowed = profile.machine.cores_online = odd;
      profile.machine.cores_used_job = profile.machine.psi_io_some = odd;
      profile.consumer.steady_s = profile.steps_per_s = odd;
      expect_sound(profile);
    }
  }
}

TEST(DiagnosisProperty, OrderOfWorkersDoesNotMatter) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Profile profile = make_profile(random_model(seed));
    const Diagnosis before = diagnose(profile);
    std::mt19937_64 random(seed);
    std::shuffle(profile.workers.begin(), profile.workers.end(), random);
    std::shuffle(profile.batches.begin(), profile.batches.end(), random);
    const Diagnosis after = diagnose(profile);
    EXPECT_TRUE(same_words(before, after)) << seed;
    EXPECT_EQ(before.verdict.why, after.verdict.why) << seed;
  }
}

TEST(DiagnosisProperty, OnlyRatiosOfTimesMatter) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    ProfileModel model = random_model(seed);
    const Diagnosis before = diagnose(make_profile(model));
    for (const double scale : {0.125, 1024.0}) {
      model.scale = scale;
      const Diagnosis after = diagnose(make_profile(model));
      EXPECT_TRUE(same_words(before, after)) << seed << " times " << scale;
    }
  }
}

// Adding input wait to every step moves the verdict towards input-bound only.
TEST(DiagnosisProperty, MoreWaitNeverMeansComputeBound) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Profile profile = make_profile(random_model(seed));
    bool was_input_bound = false;
    for (int round = 0; round < 6; ++round) {
      const Label label = diagnose(profile).verdict.label;
      if (was_input_bound) {
        EXPECT_TRUE(is_input_bound(label)) << seed << " " << to_string(label);
      }
      was_input_bound = is_input_bound(label);
      for (Step& step : profile.consumer.step)
        step.wait_s += 0.2 * (step.wait_s + step.transfer_s + step.compute_s);
    }
  }
}

}  // namespace
}  // namespace datamon::report
