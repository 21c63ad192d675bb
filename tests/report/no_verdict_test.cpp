// What is said where no verdict can be reached: what is missing, in whose words, and what
// may be why.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "profile_model.h"
#include "report/diagnosis.h"

namespace datamon::report {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::make_profile;
using ::testing::Not;
using testing::ProfileModel;

Profile without_consumer(const std::string& adapter) {
  Profile profile;
  profile.job.adapter = adapter;
  return profile;
}

TEST(NoVerdict, AdviceIsInTheJobsLanguage) {
  for (const char* python : {"python 3.11.7", "torch 2.15.0+cu132"}) {
    const Diagnosis diagnosis = diagnose(without_consumer(python));
    ASSERT_EQ(diagnosis.verdict.label, Label::kInsufficientData);
    EXPECT_THAT(diagnosis.remedies.front().change,
                AllOf(HasSubstr("for batch in datamon.wrap(loader):"), Not(HasSubstr("DATAMON_"))));
  }
  EXPECT_THAT(diagnose(without_consumer("")).remedies.front().change,
              HasSubstr("DATAMON_ROLE_CONSUMER"));
}

TEST(NoVerdict, DamageIsTheFirstReason) {
  Profile profile = without_consumer("");
  profile.problems = {{"1.mon", 0, "not recorded in full: no decode stage"},  // the job's own word
                      {"2.mon", 4096, "the file ends here"}};
  const Diagnosis diagnosis = diagnose(profile);
  EXPECT_THAT(diagnosis.verdict.why.front(), HasSubstr("2.mon at byte 4096: the file ends here"));
  EXPECT_THAT(diagnosis.remedies.front().change, HasSubstr("record the job again"));
  EXPECT_THAT(diagnosis.remedies.front().why, HasSubstr("2.mon"));
}

TEST(NoVerdict, DamageThatLeavesAVerdictIsNoReason) {
  ProfileModel model;
  model.cost.decode = 12e-3;
  Profile profile = make_profile(model);
  profile.problems = {{"2.mon", 4096, "the file ends here"}};
  const Diagnosis diagnosis = diagnose(profile);
  EXPECT_EQ(diagnosis.verdict.label, Label::kDecodeBound);
  for (const std::string& line : diagnosis.verdict.why) EXPECT_THAT(line, Not(HasSubstr("2.mon")));
}

TEST(NoVerdict, OneStepIsOne) {
  ProfileModel model;
  model.steps = 1;
  Profile profile = make_profile(model);
  const Diagnosis diagnosis = diagnose(profile);
  ASSERT_EQ(diagnosis.verdict.label, Label::kInsufficientData);
  EXPECT_THAT(diagnosis.verdict.why.front(), HasSubstr("1 steady step was recorded"));
  EXPECT_THAT(diagnosis.remedies.back().why, HasSubstr("1 steady step says nothing"));
}

}  // namespace
}  // namespace datamon::report
