// What an experiment says of a verdict.
#include "report/probe/judgement.h"

#include <gtest/gtest.h>

#include "probe_model.h"
#include "report/probe/sensitivity.h"

namespace datamon::report {
namespace {

using datamon::testing::ProbeModel;
using datamon::testing::simulate;

ProbeProfile probe_of(const ProbeModel& model) {
  ProbeProfile probe;
  probe.measured = measure_sensitivities(simulate(model), {});
  return probe;
}

ProbeModel decoding(double compute_s) {
  return {.stages = {{StageClass::kRead, 0.002},
                     {StageClass::kDecode, 0.006},
                     {StageClass::kTransform, 0.002},
                     {StageClass::kCompute, compute_s}}};
}

Verdict verdict_of(Label label, StageClass stage) {
  Verdict verdict;
  verdict.label = label;
  verdict.stage = stage;
  return verdict;
}

ProbeAnswer answer(Label label, StageClass stage, const ProbeModel& model) {
  return judge(verdict_of(label, stage), probe_of(model)).answer;
}

TEST(Judgement, ConfirmsTheStageThatMattersMost) {
  EXPECT_EQ(answer(Label::kDecodeBound, StageClass::kDecode, decoding(0.003)),
            ProbeAnswer::kConfirmed);
}

TEST(Judgement, ContradictsAnotherOne) {
  EXPECT_EQ(answer(Label::kIoBound, StageClass::kRead, decoding(0.003)),
            ProbeAnswer::kContradicted);
  EXPECT_EQ(answer(Label::kComputeBound, StageClass::kCompute, decoding(0.003)),
            ProbeAnswer::kContradicted);
  EXPECT_EQ(answer(Label::kDecodeBound, StageClass::kDecode, decoding(0.04)),
            ProbeAnswer::kContradicted);
}

TEST(Judgement, ConfirmsThatTheLoaderDoesNotMatter) {
  EXPECT_EQ(answer(Label::kComputeBound, StageClass::kCompute, decoding(0.04)),
            ProbeAnswer::kConfirmed);
}

TEST(Judgement, ConfirmsEitherOfTwoThatAreTheSame) {
  ProbeModel model = decoding(0.003);
  model.stages[0].own_s = 0.0058;
  EXPECT_EQ(answer(Label::kDecodeBound, StageClass::kDecode, model), ProbeAnswer::kConfirmed);
  EXPECT_EQ(answer(Label::kIoBound, StageClass::kRead, model), ProbeAnswer::kConfirmed);
}

TEST(Judgement, DoesNotDecideWhatIsTooWide) {
  ProbeModel model = decoding(0.003);
  model.machine_noise = 0.5;
  EXPECT_EQ(answer(Label::kDecodeBound, StageClass::kDecode, model), ProbeAnswer::kUndecided);
  EXPECT_EQ(answer(Label::kComputeBound, StageClass::kCompute, model), ProbeAnswer::kUndecided);
}

// At balance a delay of either side is felt.
TEST(Judgement, ConfirmsBalance) {
  EXPECT_EQ(answer(Label::kBalanced, StageClass::kOther, decoding(0.010)), ProbeAnswer::kConfirmed);
  EXPECT_EQ(answer(Label::kBalanced, StageClass::kOther, decoding(0.003)), ProbeAnswer::kUndecided);
}

TEST(Judgement, WithoutValuesItSaysWhy) {
  ProbeProfile probe;
  probe.why_not = "it never began";
  const ProbeJudgement said = judge(verdict_of(Label::kDecodeBound, StageClass::kDecode), probe);
  EXPECT_EQ(said.answer, ProbeAnswer::kUndecided);
  EXPECT_EQ(said.why, "it never began");
  EXPECT_EQ(answer(Label::kInsufficientData, StageClass::kOther, decoding(0.003)),
            ProbeAnswer::kUndecided);
  EXPECT_EQ(answer(Label::kHandoffBound, StageClass::kHandoff, decoding(0.003)),
            ProbeAnswer::kUndecided);  // was not tried
}

// Whoever says the opposite of the truth is told so, and never that he is right; over
// many experiments of few windows each.
TEST(Judgement, IsRarelyWrong) {
  int wrongly_confirmed = 0, wrongly_contradicted = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    ProbeModel model = decoding(0.003);
    model.seed = seed;
    model.windows = 30;
    model.machine_noise = 0.08;
    wrongly_confirmed +=
        answer(Label::kTransformBound, StageClass::kTransform, model) == ProbeAnswer::kConfirmed;
    wrongly_contradicted +=
        answer(Label::kDecodeBound, StageClass::kDecode, model) == ProbeAnswer::kContradicted;
  }
  EXPECT_LE(wrongly_confirmed, 3);
  EXPECT_LE(wrongly_contradicted, 6);
}

}  // namespace
}  // namespace datamon::report
