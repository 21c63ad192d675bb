// What diagnose() says about loaders whose bottleneck is known.
#include "report/diagnosis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "profile_model.h"
#include "report/diagnosis_thresholds.h"

namespace datamon::report {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using testing::make_profile;
using ::testing::Not;
using testing::ProfileModel;

Diagnosis diagnose_model(const ProfileModel& model) { return diagnose(make_profile(model)); }

std::vector<std::string> unhelpful_texts(const Diagnosis& diagnosis) {
  std::vector<std::string> out;
  for (const Unhelpful& change : diagnosis.unhelpful) out.push_back(to_text(change));
  return out;
}

std::string all_remedies(const Diagnosis& diagnosis) {
  std::string out;
  for (const Remedy& remedy : diagnosis.remedies) out += remedy.change + " | " + remedy.why + "\n";
  return out;
}

std::string all_reasons(const Diagnosis& diagnosis) {
  std::string out;
  for (const std::string& line : diagnosis.verdict.why) out += line + "\n";
  for (const std::string& doubt : diagnosis.verdict.doubts) out += doubt + "\n";
  return out;
}

TEST(Diagnose, NamesTheSlowStage) {
  struct Slow {
    double testing::BatchCost::*stage;
    Label label;
  };
  for (const Slow& slow : {Slow{&testing::BatchCost::read, Label::kIoBound},
                           Slow{&testing::BatchCost::decode, Label::kDecodeBound},
                           Slow{&testing::BatchCost::transform, Label::kTransformBound},
                           Slow{&testing::BatchCost::collate, Label::kCollateBound},
                           Slow{&testing::BatchCost::send, Label::kHandoffBound}}) {
    ProfileModel model;
    model.cost.*slow.stage = 12e-3;
    const Diagnosis diagnosis = diagnose_model(model);
    EXPECT_EQ(diagnosis.verdict.label, slow.label) << to_string(slow.label);
    EXPECT_EQ(diagnosis.verdict.confidence, Confidence::kHigh) << all_reasons(diagnosis);
    EXPECT_FALSE(diagnosis.remedies.empty());
    EXPECT_GT(diagnosis.verdict.speedup_without_wait, 1.5);
  }
}

TEST(Diagnose, ComputeBoundWhenWorkersKeepUp) {
  ProfileModel model;
  model.compute_s = 10e-3;
  const Diagnosis diagnosis = diagnose_model(model);
  EXPECT_EQ(diagnosis.verdict.label, Label::kComputeBound);
  EXPECT_EQ(diagnosis.verdict.confidence, Confidence::kHigh);
  EXPECT_THAT(unhelpful_texts(diagnosis), Contains(HasSubstr("more workers")));
}

TEST(Diagnose, ComputeBoundOnAFullMachineIsDoubted) {
  ProfileModel model;
  model.compute_s = 10e-3;
  model.cores = 2;
  model.other_programs = 1.5;
  model.crowded = 0.3;
  const Diagnosis diagnosis = diagnose_model(model);
  EXPECT_EQ(diagnosis.verdict.label, Label::kComputeBound);
  EXPECT_EQ(diagnosis.verdict.confidence, Confidence::kMedium);
  EXPECT_THAT(all_reasons(diagnosis), HasSubstr("other programs took cores"));
  EXPECT_THAT(diagnosis.remedies.front().change, HasSubstr("move the other programs"));
}

TEST(Diagnose, OneWorkerIsEnoughInTheSingular) {
  ProfileModel model;
  model.compute_s = 40e-3;
  const std::string remedies = all_remedies(diagnose_model(model));
  EXPECT_THAT(remedies, HasSubstr("1 worker is enough instead of 4"));
  EXPECT_THAT(remedies, HasSubstr("the step itself takes"));
}

TEST(Diagnose, BalancedWhenWorkersJustKeepUp) {
  ProfileModel model;
  model.workers = 2;
  model.compute_s = 2.25e-3;  // two workers make a batch each 4.4 ms
  const Diagnosis diagnosis = diagnose_model(model);
  EXPECT_EQ(diagnosis.verdict.label, Label::kBalanced) << all_reasons(diagnosis);
  EXPECT_NE(diagnosis.verdict.confidence, Confidence::kHigh);
}

TEST(Diagnose, TransferBound) {
  ProfileModel model;
  model.compute_s = 5e-3;
  model.transfer_s = 4e-3;
  EXPECT_EQ(diagnose_model(model).verdict.label, Label::kTransferBound);
}

TEST(Diagnose, SaysHowManyStepsAreMissing) {
  ProfileModel model;
  model.steps = 12;
  const Diagnosis diagnosis = diagnose_model(model);
  EXPECT_EQ(diagnosis.verdict.label, Label::kInsufficientData);
  EXPECT_THAT(all_remedies(diagnosis), HasSubstr("at least 38 more steps"));
  EXPECT_THAT(all_reasons(diagnosis), HasSubstr("12 steady steps"));
}

TEST(Diagnose, TooFewStepsStillPointSomewhere) {
  ProfileModel model;
  model.steps = 17;
  model.workers = 1;
  model.cost.read = 25e-3;
  const Diagnosis diagnosis = diagnose_model(model);
  EXPECT_EQ(diagnosis.verdict.label, Label::kInsufficientData);
  EXPECT_THAT(all_reasons(diagnosis), HasSubstr("so far it points to io-bound: input wait is 9"));
  EXPECT_THAT(diagnosis.next, HasSubstr("record for longer"));
}

TEST(Diagnose, WithoutConsumerAsksForItsMarks) {
  Profile profile = make_profile({});
  profile.consumer = {};
  const Diagnosis diagnosis = diagnose(profile);
  EXPECT_EQ(diagnosis.verdict.label, Label::kInsufficientData);
  EXPECT_THAT(all_remedies(diagnosis), HasSubstr("DATAMON_ROLE_CONSUMER"));
}

TEST(Diagnose, NoWorkersMeansTheConsumerThreadLoads) {
  ProfileModel model;
  model.workers = 0;
  model.compute_s = 4e-3;
  const Diagnosis diagnosis = diagnose_model(model);
  EXPECT_EQ(diagnosis.verdict.label, Label::kDecodeBound);
  EXPECT_THAT(diagnosis.verdict.qualifiers, Contains(Qualifier::kConsumerThreadBound));
  EXPECT_THAT(diagnosis.remedies.front().change,
              HasSubstr("num_workers=2"));  // 4.4 ms a batch, 4 ms a step
  EXPECT_THAT(diagnosis.remedies.front().why, HasSubstr("cores are idle"));
  model.cores = 1;
  const Diagnosis full = diagnose_model(model);
  EXPECT_THAT(full.remedies.front().change, HasSubstr("num_workers=1"));
  EXPECT_THAT(full.remedies.front().why, Not(HasSubstr("idle")));
}

TEST(Diagnose, SlowReceiveOnTheConsumerIsHandoff) {
  ProfileModel model;
  model.receive_s = 3e-3;
  const Diagnosis diagnosis = diagnose_model(model);
  EXPECT_EQ(diagnosis.verdict.label, Label::kHandoffBound) << all_reasons(diagnosis);
  EXPECT_THAT(diagnosis.verdict.qualifiers, Contains(Qualifier::kConsumerThreadBound));
  EXPECT_THAT(unhelpful_texts(diagnosis), Contains(HasSubstr("more workers")));
}

TEST(Diagnose, BlockedDecodingIsReadingWhereStorageIsAtWork) {
  ProfileModel model;
  model.cost = {.read = 0, .decode = 12e-3, .transform = 1e-3};
  model.decode_blocked = 0.8;
  Profile profile = make_profile(model);
  profile.machine.job_storage_bytes_per_s = 50e6;
  EXPECT_EQ(diagnose(profile).verdict.label, Label::kIoBound);
  profile.machine.job_storage_bytes_per_s = std::numeric_limits<double>::quiet_NaN();
  profile.machine.disk_busy_share = 0.5;
  EXPECT_EQ(diagnose(profile).verdict.label, Label::kIoBound);
  model.splits = false;  // nothing tells the two apart: say so
  const Diagnosis unsure = diagnose_model(model);
  EXPECT_EQ(unsure.verdict.label, Label::kDecodeBound);
  EXPECT_NE(unsure.verdict.confidence, Confidence::kHigh);
}

// The consumer numbers its batches otherwise than the workers do: each seems to
// have been ready long before. Nobody hands anything over, and all are busy.
TEST(Diagnose, BatchNumbersThatContradictBusyWorkersAreIgnored) {
  ProfileModel model;
  model.cost.decode = 12e-3;
  Profile profile = make_profile(model);
  std::erase_if(profile.stages, [](const StageProfile& stage) { return stage.name == "receive"; });
  for (Step& step : profile.consumer.step) step.ready_s = std::max(0.0, step.start_s - 0.05);
  const Diagnosis diagnosis = diagnose(profile);
  EXPECT_EQ(diagnosis.verdict.label, Label::kDecodeBound) << all_reasons(diagnosis);
  EXPECT_NE(diagnosis.verdict.confidence, Confidence::kHigh);
  EXPECT_THAT(all_reasons(diagnosis), HasSubstr("batch numbers of waits and workers do not match"));
}

// Workers that take turns at a lock inside the decoder read nothing.
TEST(Diagnose, SleepWithoutStorageStaysWithItsStage) {
  ProfileModel model;
  model.cost = {.read = 0, .decode = 12e-3, .transform = 1e-3};
  model.decode_blocked = 0.97;
  Profile profile = make_profile(model);
  profile.machine.job_storage_bytes_per_s = 100;  // its own start
  profile.machine.disk_busy_share = 0.9;          // somebody else's
  const Diagnosis diagnosis = diagnose(profile);
  EXPECT_EQ(diagnosis.verdict.label, Label::kDecodeBound) << all_reasons(diagnosis);
  EXPECT_EQ(diagnosis.verdict.confidence, Confidence::kLow);
  EXPECT_THAT(all_reasons(diagnosis), HasSubstr("97 % of it is asleep without disk activity"));
  EXPECT_THAT(diagnosis.remedies.front().change, HasSubstr("find what decode waits for"));
}

TEST(Diagnose, PageFaultsProveReadingInAnyStage) {
  ProfileModel model;
  model.cost = {.read = 0, .decode = 12e-3, .transform = 1e-3};
  model.decode_blocked = 0.8;
  Profile profile = make_profile(model);
  for (StageProfile& stage : profile.stages)
    if (stage.name == "decode") stage.split.fault_s = stage.split.blocked_s;
  EXPECT_EQ(diagnose(profile).verdict.label, Label::kIoBound);
}

TEST(Diagnose, UnnamedDatasetCodeIsNeverCertain) {
  ProfileModel model;
  model.cost.other = 15e-3;
  const Diagnosis diagnosis = diagnose_model(model);
  EXPECT_EQ(diagnosis.verdict.label, Label::kTransformBound);
  EXPECT_EQ(diagnosis.verdict.confidence, Confidence::kLow);
  EXPECT_THAT(all_remedies(diagnosis), HasSubstr("mark the stages"));
}

TEST(Diagnose, CloseRunnerUpLowersConfidenceAndIsNamed) {
  ProfileModel model;
  model.cost.decode = 6.1e-3;
  model.cost.transform = 6e-3;
  const Verdict verdict = diagnose_model(model).verdict;
  EXPECT_EQ(verdict.confidence, Confidence::kLow);
  EXPECT_EQ(verdict.stage, StageClass::kDecode);
  EXPECT_EQ(verdict.runner_up, StageClass::kTransform);
  EXPECT_THAT(verdict.doubts, Contains(HasSubstr("transform costs nearly as much")));
}

TEST(Qualify, IdleCoresAndBusyWorkers) {
  ProfileModel model;
  model.workers = 2;
  const Diagnosis diagnosis = diagnose_model(model);
  EXPECT_THAT(diagnosis.verdict.qualifiers, Contains(Qualifier::kTooFewWorkers));
  EXPECT_THAT(diagnosis.verdict.qualifiers, Not(Contains(Qualifier::kCpuSaturated)));
  EXPECT_THAT(diagnosis.remedies.front().change, HasSubstr("use "));
}

TEST(Qualify, FullMachineForbidsMoreWorkers) {
  ProfileModel model;
  model.cores = 4;
  model.cost = {.read = 0.1e-3, .decode = 12e-3, .transform = 1e-3};
  model.crowded = 0.01;
  const Diagnosis diagnosis = diagnose_model(model);
  EXPECT_THAT(diagnosis.verdict.qualifiers, Contains(Qualifier::kCpuSaturated));
  EXPECT_THAT(diagnosis.verdict.qualifiers, Not(Contains(Qualifier::kTooFewWorkers)));
  EXPECT_THAT(unhelpful_texts(diagnosis), Contains(HasSubstr("more workers: ")));
}

// Eight workers on two cores: each sleeps long in read, but the cores are what
// there is not enough of.
TEST(Diagnose, CrowdedCoresAreRankedByCpuTime) {
  ProfileModel model;
  model.workers = 8;
  model.cores = 2;
  model.compute_s = 0.2e-3;
  model.cost = {.read = 9e-3, .decode = 8e-3, .transform = 1e-3};
  model.crowded = 0.55;
  const Diagnosis diagnosis = diagnose_model(model);
  EXPECT_EQ(diagnosis.verdict.label, Label::kDecodeBound) << all_reasons(diagnosis);
  EXPECT_THAT(diagnosis.verdict.qualifiers, Contains(Qualifier::kCpuSaturated));
}

// The same queueing, but other programs cause it: the worker's sleep is lost.
TEST(Diagnose, CoresTakenByOthersDoNotExcuseReading) {
  ProfileModel model;
  model.workers = 2;
  model.cores = 2;
  model.other_programs = 1.6;
  model.cost = {.read = 9e-3, .decode = 6e-3, .transform = 1e-3};
  model.crowded = 0.7;
  const Diagnosis diagnosis = diagnose_model(model);
  EXPECT_EQ(diagnosis.verdict.label, Label::kIoBound) << all_reasons(diagnosis);
  EXPECT_THAT(diagnosis.verdict.qualifiers, Contains(Qualifier::kInterference));
  EXPECT_NE(diagnosis.verdict.confidence, Confidence::kHigh);
}

TEST(Diagnose, WithoutStagesTheWaitIsStillSaid) {
  ProfileModel model;
  model.cost.decode = 12e-3;
  Profile profile = make_profile(model);
  std::erase_if(profile.stages, [](const StageProfile& stage) { return !stage.on_consumer; });
  profile.workers.clear();
  profile.batches.clear();
  const Diagnosis diagnosis = diagnose(profile);
  EXPECT_EQ(diagnosis.verdict.label, Label::kInsufficientData);
  EXPECT_THAT(all_reasons(diagnosis), HasSubstr("nothing was recorded of those who make"));
  EXPECT_THAT(all_remedies(diagnosis), HasSubstr("mark the stages"));
}

TEST(Qualify, OthersOnTheMachineInterfere) {
  ProfileModel model;
  model.cores = 4;
  model.other_programs = 2.5;
  model.crowded = 0.4;
  model.cost.decode = 12e-3;
  EXPECT_THAT(diagnose_model(model).verdict.qualifiers, Contains(Qualifier::kInterference));
  model.other_programs = 0;
  EXPECT_THAT(diagnose_model(model).verdict.qualifiers, Not(Contains(Qualifier::kInterference)));
}

TEST(Qualify, FewSlowBatchesAreStragglers) {
  ProfileModel model;
  model.compute_s = 2e-3;
  model.slowness = [](int batch, int) { return batch % 23 == 7 ? 12.0 : 1.0; };
  const Verdict verdict = diagnose_model(model).verdict;
  EXPECT_THAT(verdict.qualifiers, Contains(Qualifier::kStragglerItems));
  model.slowness = nullptr;
  model.compute_s = 0.5e-3;
  EXPECT_THAT(diagnose_model(model).verdict.qualifiers, Not(Contains(Qualifier::kStragglerItems)));
}

TEST(Qualify, OneSlowWorkerHoldsUpTheOthers) {
  ProfileModel model;
  model.slowness = [](int, int worker) { return worker == 2 ? 4.0 : 1.0; };
  const Diagnosis diagnosis = diagnose_model(model);
  EXPECT_THAT(diagnosis.verdict.qualifiers, Contains(Qualifier::kOutOfOrderWait));
  EXPECT_THAT(diagnosis.verdict.qualifiers, Not(Contains(Qualifier::kStragglerItems)));
  EXPECT_THAT(all_reasons(diagnosis), HasSubstr("worker 2 takes 4.0x as long"));
  EXPECT_THAT(diagnosis.verdict.why[1], HasSubstr("worker 2"));
  EXPECT_THAT(diagnosis.remedies.front().change, HasSubstr("what slows worker 2 down"));
  Profile profile = make_profile(model);
  for (Step& step : profile.consumer.step) step.ready_s = -1;
  EXPECT_THAT(diagnose(profile).remedies.front().change, HasSubstr("what slows worker 2 down"));
}

TEST(Qualify, SaturatedStorageNeedsItsReadings) {
  ProfileModel model;
  model.cost.read = 12e-3;
  Profile profile = make_profile(model);
  EXPECT_THAT(diagnose(profile).verdict.qualifiers, Not(Contains(Qualifier::kStorageSaturated)));
  profile.machine.disk_busy_share = 0.97;
  profile.machine.psi_io_some = 0.8;
  profile.machine.job_storage_bytes_per_s = 90e6;
  const Diagnosis diagnosis = diagnose(profile);
  EXPECT_THAT(diagnosis.verdict.qualifiers, Contains(Qualifier::kStorageSaturated));
  EXPECT_THAT(diagnosis.verdict.qualifiers, Not(Contains(Qualifier::kTooFewWorkers)));
}

// No counter of the machine shows the limit of a network share: the reads do.
TEST(Qualify, ReadsThatWaitForEachOther) {
  ProfileModel model;
  model.cost.read = 12e-3;
  Profile profile = make_profile(model);
  profile.reads = {.overlap = {.reads = 5000,
                               .at_once = 3.4,
                               .active_share = 0.97,
                               .growth = 0.9,
                               .growth_error = 0.1},
                   .sharing = {},
                   .blocked_share = 0.95,
                   .waiting_share = 0};
  const Diagnosis diagnosis = diagnose(profile);
  EXPECT_THAT(diagnosis.verdict.qualifiers, Contains(Qualifier::kStorageSaturated));
  EXPECT_THAT(diagnosis.verdict.qualifiers, Not(Contains(Qualifier::kTooFewWorkers)));
  EXPECT_THAT(all_reasons(diagnosis), HasSubstr("reads wait for each other"));

  const auto expect_not_said = [](Profile profile_without) {
    EXPECT_THAT(diagnose(profile_without).verdict.qualifiers,
                Not(Contains(Qualifier::kStorageSaturated)));
  };
  Profile other = profile;
  other.reads.overlap.growth_error = 0.3;  // not sure
  expect_not_said(other);
  other = profile;
  other.reads.overlap.active_share = 0.5;  // idle for half of the time
  expect_not_said(other);
  other = profile;
  other.reads.blocked_share = 0.1;  // it computes: the cores are crowded
  expect_not_said(other);
  other = profile;
  other.reads.overlap.growth = std::nan("");
  expect_not_said(other);
}

TEST(Qualify, UnknownQueueingIsNotSaid) {
  ProfileModel model;
  model.cores = 4;
  model.cost.decode = 12e-3;
  model.splits = false;
  Profile profile = make_profile(model);
  profile.machine.cores_used_job = profile.machine.cores_used_total = 4;
  const Diagnosis diagnosis = diagnose(profile);
  EXPECT_THAT(diagnosis.verdict.qualifiers, Contains(Qualifier::kCpuSaturated));
  EXPECT_THAT(all_reasons(diagnosis), Not(HasSubstr("wait for a core")));
}

TEST(Qualify, LongStartUpAndEpochBoundaries) {
  ProfileModel model;
  model.start_up_s = 5;
  EXPECT_THAT(diagnose_model(model).verdict.qualifiers, Contains(Qualifier::kStartUp));
  Profile profile = make_profile({});
  const double end = profile.phases.back().end_s;
  for (int i = 0; i < 3; ++i) profile.phases.push_back({PhaseKind::kEpochBoundary, end, end * 1.2});
  const Diagnosis diagnosis = diagnose(profile);
  EXPECT_THAT(diagnosis.verdict.qualifiers, Contains(Qualifier::kStartUp));
  EXPECT_THAT(all_remedies(diagnosis), HasSubstr("persistent_workers"));
}

}  // namespace
}  // namespace datamon::report
