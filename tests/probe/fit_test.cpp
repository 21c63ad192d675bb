// Contrasts, how alike their errors are, and the line through them.
#include "report/probe/fit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "probe_model.h"
#include "report/probe/covariance.h"

namespace datamon::report {
namespace {

using datamon::testing::ProbeModel;
using datamon::testing::simulate;
using Values = std::vector<double>;

ProbeRecord one_class(int windows) {
  return simulate({.stages = {{StageClass::kDecode, 0.006}}, .windows = windows});
}

// A row of the matrix.
Values row(const ContrastCovariance& covariance, std::size_t size, std::size_t at) {
  Values unit(size);
  unit[at] = 1;
  return covariance.times(unit);
}

TEST(ContrastCovariance, IsThatOfTheWindowsTheyShare) {
  const auto contrasts = find_contrasts(one_class(10), {}).delayed;
  ASSERT_EQ(contrasts.size(), 6u);
  const ContrastCovariance covariance(contrasts);
  const Values ninths[] = {{14, 4, 2, 1, 0, 0}, {4, 14, 4, 2, 0, 0}, {2, 4, 14, 4, 2, 1}};
  for (std::size_t i = 0; i < 3; ++i) {
    const Values found = row(covariance, 6, i);
    for (std::size_t j = 0; j < 6; ++j) EXPECT_NEAR(found[j], ninths[i][j] / 9, 1e-12) << i << j;
  }
  double trace = 0, trace_of_square = 0;
  for (std::size_t i = 0; i < 6; ++i) {
    const Values found = row(covariance, 6, i);
    trace += found[i];
    trace_of_square += std::inner_product(found.begin(), found.end(), found.begin(), 0.0);
  }
  EXPECT_NEAR(covariance.trace(), trace, 1e-12);
  EXPECT_NEAR(covariance.trace_of_square(), trace_of_square, 1e-12);
}

// Without one neighbour the other one counts whole; without both there is no contrast.
TEST(ContrastCovariance, KnowsOfGaps) {
  ProbeRecord record = one_class(10);
  record.windows[3] = {};
  const auto contrasts = find_contrasts(record, {}).delayed;
  ASSERT_EQ(contrasts.size(), 6u);
  const ContrastCovariance covariance(contrasts);
  EXPECT_NEAR(row(covariance, 6, 0)[0], 2, 1e-12);
  EXPECT_NEAR(row(covariance, 6, 0)[1], 1, 1e-12);  // both compared with the first
  EXPECT_NEAR(row(covariance, 6, 1)[2], 0, 1e-12);  // one with the first, one with the third
  record.windows[0] = {};
  EXPECT_EQ(find_contrasts(record, {}).delayed.size(), 4u);
}

Contrast contrast(std::size_t place, double dose, double log_step, Works work, std::size_t window) {
  return {place, dose, log_step, work, {{{window, 1}, {0, 0}, {0, 0}}}};
}

// Through zero, with as many degrees of freedom as contrasts less one.
TEST(Fit, IsTheUsualOneWhereNothingIsShared) {
  const Values dose = {0.2, 0.1, 0.2, 0.3}, step = {0.11, 0.03, 0.09, 0.16};
  std::vector<Contrast> contrasts;
  double dd = 0, dy = 0;
  for (std::size_t i = 0; i < dose.size(); ++i) {
    contrasts.push_back(contrast(0, dose[i], step[i], {}, i));
    dd += dose[i] * dose[i];
    dy += dose[i] * step[i];
  }
  double squares = 0;
  for (std::size_t i = 0; i < dose.size(); ++i) squares += std::pow(step[i] - dy / dd * dose[i], 2);
  const Fit fit = fit_contrasts(contrasts, 2);
  EXPECT_FALSE(fit.classes[1].known);
  EXPECT_NEAR(fit.degrees_of_freedom, 3, 1e-9);
  EXPECT_NEAR(fit.classes[0].slope, dy / dd, 1e-12);
  EXPECT_NEAR(fit.classes[0].standard_error, std::sqrt(squares / 3 / dd), 1e-12);
}

// What the work explains is not the classes'; the second work says nothing new.
TEST(Fit, TakesTheWorkOut) {
  std::vector<Contrast> contrasts;
  for (std::size_t i = 0; i < 12; ++i) {
    const double dose = 0.1 + 0.02 * static_cast<double>(i % 5);
    const double work = 0.3 * std::sin(static_cast<double>(i * i));
    const std::size_t place = i % 2;
    const double slope = place == 0 ? 0.6 : 0.1;
    contrasts.push_back(contrast(place, dose, slope * dose + 0.9 * work, {work, 2 * work}, i));
  }
  const Fit fit = fit_contrasts(contrasts, 2);
  EXPECT_NEAR(fit.classes[0].slope, 0.6, 1e-9);
  EXPECT_NEAR(fit.classes[1].slope, 0.1, 1e-9);
  EXPECT_NEAR(fit.degrees_of_freedom, 12 - 2 - 1, 1e-6);
  EXPECT_LT(fit.classes[0].standard_error, 1e-7);
}

TEST(Fit, WithoutAnythingLeftOverKnowsNoError) {
  EXPECT_EQ(fit_contrasts({}, 3).degrees_of_freedom, 0);
  const Fit fit = fit_contrasts({contrast(0, 0.2, 0.1, {}, 0), contrast(1, 0.2, 0.1, {}, 1)}, 2);
  EXPECT_FALSE(fit.classes[0].known);
  EXPECT_EQ(fit.classes[0].windows, 1);
  EXPECT_EQ(fit.degrees_of_freedom, 0);
}

}  // namespace
}  // namespace datamon::report
