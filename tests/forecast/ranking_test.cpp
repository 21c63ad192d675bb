// What forecasts make of the advice: what comes first, what is in vain, what is not said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/diagnosis.h"
#include "report/forecast/candidates.h"

namespace datamon::report {
namespace {

using ::testing::IsEmpty;

// A forecast of so much, by hand.
Forecast gains(Change change, double low, double value, double high) {
  Forecast forecast;
  forecast.changes = {std::move(change)};
  forecast.speedup = {value, low, high};
  return forecast;
}

Unhelpful in_vain(const char* change, const Change& simulated) {
  return {change, "of a reason", {simulated}};
}

const Change kMore{ChangeKind::kWorkers, 8, ""}, kDeeper{ChangeKind::kPrefetch, 4, ""},
    kCachedData{ChangeKind::kCached, 0, ""}, kHalfStep{ChangeKind::kConsumer, 0.5, ""};

TEST(Ranking, WhatGainsIsNotCalledUnhelpful) {
  Diagnosis diagnosis;
  diagnosis.remedies = {{"something else", "of nothing"}};
  diagnosis.unhelpful = {in_vain("more workers", kMore), in_vain("a deeper prefetch", kDeeper),
                         in_vain("faster storage", kCachedData),
                         in_vain("a faster GPU or model", kHalfStep)};
  diagnosis.unhelpful[0].if_it_helps = "others leave some";
  rank_by_forecast(diagnosis,
                   {gains(kMore, 1.02, 1.14, 1.39), gains(kDeeper, 0.97, 1.06, 1.2),
                    gains(kCachedData, 0.93, 1.04, 1.1), gains(kHalfStep, 1.011, 1.2, 1.43)});
  ASSERT_EQ(diagnosis.unhelpful.size(), 1u);  // a gain of 6 % that may be none is left out
  EXPECT_EQ(diagnosis.unhelpful[0].change, "faster storage");
  ASSERT_EQ(diagnosis.remedies.size(), 3u);
  EXPECT_EQ(diagnosis.remedies[0].change, "a faster GPU or model");
  EXPECT_EQ(diagnosis.remedies[0].why, "although of a reason");
  EXPECT_EQ(diagnosis.remedies[1].change, "more workers (8 workers)");
  EXPECT_EQ(diagnosis.remedies[1].why, "others leave some");
}

TEST(Ranking, AnAdvisedChangeIsNotAdvisedTwice) {
  Diagnosis diagnosis;
  diagnosis.remedies = {{"use 8 workers", "of nothing", {kMore}}};
  diagnosis.unhelpful = {in_vain("more workers", kMore)};
  rank_by_forecast(diagnosis, {gains(kMore, 1.2, 1.4, 1.6)});
  EXPECT_EQ(diagnosis.remedies.size(), 1u);
  EXPECT_THAT(diagnosis.unhelpful, IsEmpty());
}

TEST(Ranking, TheLargestSureGainThenBySize) {
  const Change faster{ChangeKind::kFaster, 2, "decode"};
  Diagnosis diagnosis;
  diagnosis.remedies = {{"cannot be simulated", ""},
                        {"sure 12", "", {kMore}},
                        {"up to 80", "", {kCachedData}, true},
                        {"perhaps 50", "", {faster}},
                        {"sure 30", "", {kDeeper}}};
  rank_by_forecast(diagnosis, {gains(kMore, 1.04, 1.12, 1.2), gains(kCachedData, 1.18, 1.8, 2.76),
                               gains(faster, 0.9, 1.5, 2.5), gains(kDeeper, 1.1, 1.3, 1.5)});
  std::vector<std::string> order;
  for (const Remedy& remedy : diagnosis.remedies) order.push_back(remedy.change);
  EXPECT_EQ(order, (std::vector<std::string>{"sure 30", "up to 80", "sure 12", "perhaps 50",
                                             "cannot be simulated"}));
}

}  // namespace
}  // namespace datamon::report
