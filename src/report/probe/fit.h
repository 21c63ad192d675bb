// The least-squares fit of an experiment's contrasts. Pure.
//
//   contrast of the step = slope of the class * dose + b * contrasts of the work + error
//
// Ordinary least squares are unbiased whatever the errors have to do with each other; only
// their standard error needs to know (covariance.h). With V the covariance in units of a
// window's variance s2, g the contrasts' weights in a slope (slope = sum g y), r what the
// fit leaves and M the projection that gives it (r = M y):
//
//   variance of the slope = s2 g'Vg        E(r'r) = s2 tr(MV)
//
// so s2 = r'r / tr(MV), with tr(MV)^2 / tr(MVMV) degrees of freedom, which make its variance
// that of a chi-squared (Satterthwaite 1946; Worsley and Friston 1995, NeuroImage 2:173).
//
// Weighting by V's inverse instead would make standard errors 0 to 3 % smaller. Where the
// machine's noise lasts over windows, neighbours' errors cancel in a contrast and these
// are up to 16 % too large, with one or two classes. (Both computed for 18 and 90 windows
// whose noise is like the neighbour's by 0 to 0.95.)
#pragma once

#include <vector>

#include "report/probe/contrasts.h"

namespace datamon::report {

// What the fit says of one class. `known`: it has two windows and was delayed in them.
struct FittedClass {
  int windows = 0;
  bool known = false;
  double slope = 0;  // in logarithms of the step's time, for a unit of the dose
  double standard_error = 0;
};

struct Fit {
  std::vector<FittedClass> classes;  // by place
  // 0: nothing is left over to tell the errors from, no standard error is known.
  double degrees_of_freedom = 0;
};

// Of contrasts in the order of their windows, whose places are below `classes`.
Fit fit_contrasts(const std::vector<Contrast>& contrasts, std::size_t classes);

}  // namespace datamon::report
