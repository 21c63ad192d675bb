// Reasons that must not deny each other on one page.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "advice.h"
#include "profile_model.h"
#include "report/diagnosis.h"
#include "report/diagnosis_evidence.h"

namespace datamon::report {
namespace {

using testing::advice;
using ::testing::HasSubstr;
using testing::make_profile;
using ::testing::Not;
using testing::ProfileModel;
using testing::reasons;

// A disk that idles is not blamed for what the page cache delivers.
TEST(Reasons, ReadsFromThePageCacheAreNotTheDisks) {
  ProfileModel model;
  model.cost.read = 12e-3;
  Profile profile = make_profile(model);
  profile.machine.disk = "vda";
  profile.machine.disk_read_bytes_per_s = 4e3;
  profile.machine.disk_best_bytes_per_s = 8e3;
  profile.machine.disk_read_latency_ms = 0.5;
  profile.machine.page_cache_hit_share = 1;
  profile.machine.cores_used_total = profile.machine.cores_allowed;  // no room for more workers
  EXPECT_THAT(advice(profile), HasSubstr("read several files at once"));
  EXPECT_THAT(advice(profile), HasSubstr("so the disk is not it"));
  EXPECT_THAT(advice(profile), Not(HasSubstr("vda")));
  EXPECT_THAT(advice(profile), Not(HasSubstr("latency, not bandwidth")));
  // They wait for each other, all the same: something serves them one by one.
  profile.reads = {.overlap = {.reads = 5000,
                               .at_once = 3.4,
                               .active_share = 1,
                               .growth = 1,
                               .growth_error = 0.05},
                   .sharing = {},
                   .blocked_share = 0.95,
                   .waiting_share = 0};
  const Diagnosis diagnosis = diagnose(profile);
  ASSERT_THAT(diagnosis.verdict.qualifiers, ::testing::Contains(Qualifier::kStorageSaturated));
  std::string all = advice(profile);
  for (const std::string& why : diagnosis.verdict.why) all += why + "\n";
  for (const Unhelpful& unhelpful : diagnosis.unhelpful) all += to_text(unhelpful) + "\n";
  EXPECT_THAT(all, HasSubstr("whatever serves the reads is at its limit, so more readers"));
  EXPECT_THAT(all, HasSubstr("more workers: whatever serves the reads is at its limit"));
  EXPECT_THAT(all, HasSubstr("whatever serves the reads is at its limit: the job's reads wait"));
  EXPECT_THAT(all, Not(HasSubstr("disk is at its limit")));
  EXPECT_THAT(all, Not(HasSubstr("faster disk")));
  profile.machine.page_cache_hit_share = 0.1;
  EXPECT_THAT(advice(profile), HasSubstr("storage is at its limit, so more readers"));
  EXPECT_THAT(advice(profile), HasSubstr("faster disk"));
}

// A job that uses a tenth of the cores is not what fills them.
TEST(Reasons, AReasonSaysWhoHoldsTheCores) {
  ProfileModel model;
  model.cores = 4;
  model.cost = {.read = 20e-3, .decode = 0.2e-3, .transform = 0.1e-3};
  model.other_programs = 3.9;
  EXPECT_THAT(reasons(make_profile(model)),
              HasSubstr("4 of 4 cores are in use, 3.9 of them by other programs; loader stages"));
  model.cost = {.read = 0.1e-3, .decode = 12e-3, .transform = 1e-3};
  model.other_programs = 0;
  const std::string own = reasons(make_profile(model));
  EXPECT_THAT(own, HasSubstr("cores are in use; loader stages"));
  EXPECT_THAT(own, Not(HasSubstr("other programs")));
  // Once is enough.
  model.other_programs = 2;
  model.crowded = 0.5;
  const std::string both = reasons(make_profile(model));
  EXPECT_THAT(both, HasSubstr("of them by other programs"));
  EXPECT_THAT(both, Not(HasSubstr("cores are used by other programs")));
}

// Where the forecast finds a gain, its reason does not argue against it.
TEST(Reasons, MoreWorkersAlthoughBatchesAreReady) {
  const auto reason = [](const Profile& profile) -> std::string {
    for (const Unhelpful& unhelpful : diagnose(profile).unhelpful)
      if (unhelpful.change == "more workers") return unhelpful.if_it_helps;
    return "not said to be unhelpful";
  };
  ProfileModel model;
  model.workers = 1;
  model.receive_s = 3e-3;
  model.compute_s = 0.5e-3;
  EXPECT_THAT(reason(make_profile(model)),
              HasSubstr("of the wait is for batches that are not ready"));
}

// Workers that the consumer asks in turn read in turn, whoever serves them.
TEST(Reasons, ReadersThatShareARateMustBeBusy) {
  ProfileModel model;
  model.cost.read = 12e-3;
  Profile busy = make_profile(model);
  model.compute_s = 40e-3;
  Profile paced = make_profile(model);
  for (Profile* profile : {&busy, &paced})
    profile->reads = {.overlap = {.reads = 5000,
                                  .at_once = 1.9,
                                  .active_share = 1,
                                  .growth = 0.1,
                                  .growth_error = 0.05},
                      .sharing = {.variance_ratio = 0.2, .error = 0.05, .bytes_per_s = 25e6},
                      .blocked_share = 0.95,
                      .waiting_share = 0.95};
  EXPECT_TRUE(gather_evidence(busy).machine.storage_busy);
  EXPECT_FALSE(gather_evidence(busy).machine.reads_scale);
  EXPECT_FALSE(gather_evidence(paced).machine.storage_busy);
}

}  // namespace
}  // namespace datamon::report
