// How alike the errors of an experiment's contrasts are. Pure.
//
// A contrast is a delayed window less 2/3 of the nearer and 1/3 of the farther undelayed
// one. The two contrasts of a period have both undelayed windows in common, those of
// neighbouring periods the one between them. If each window errs by itself, all with the
// same variance, then in units of that variance the contrasts' covariance is the sum of the
// products of the weights of the windows that they share:
//
//   itself            1 + 4/9 + 1/9 = 14/9     of the next period, first and first     2/9
//   the period's other    2/9 + 2/9 =  4/9                        second and first     4/9
//                                                                second and second     2/9
//                                                                 first and second     1/9
//
// so the mean of 2 P contrasts of one class has the variance 3 / 2 P, that of the difference
// between 2 P delayed and P undelayed windows, and not 14/9 / 2 P.
#pragma once

#include <array>
#include <vector>

#include "report/probe/contrasts.h"

namespace datamon::report {

class ContrastCovariance {
 public:
  // Of contrasts in the order of their windows.
  explicit ContrastCovariance(const std::vector<Contrast>& contrasts);

  // The matrix times a vector of as many values.
  std::vector<double> times(const std::vector<double>& values) const;
  double trace() const;
  double trace_of_square() const;

 private:
  // From the first of a period to the second of the next one.
  static constexpr std::size_t kReach = 3;

  std::vector<std::array<double, kReach + 1>> band_;  // of each with itself and those behind it
};

}  // namespace datamon::report
