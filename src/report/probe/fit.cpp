#include "report/probe/fit.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>
#include <utility>

#include "report/probe/covariance.h"

namespace datamon::report {
namespace {

constexpr int kFewestWindows = 2;
// Work that hardly differs between windows explains nothing, nor does what is left of it
// beside the other work: sums of squares, and their share.
constexpr double kLeastWork_2 = 1e-9, kLeastShare_2 = 1e-3;

using Values = std::vector<double>;  // one a contrast, or one a class

double dot(const Values& a, const Values& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

void add(Values& to, double factor, const Values& what) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += factor * what[i];
}

void scale(Values& values, double factor) {
  for (double& value : values) value *= factor;
}

// Something of the work that is orthogonal to all doses and to the other directions, of
// length 1: `values` are it less `slopes` times the doses.
struct Direction {
  Values values;  // by contrast
  Values slopes;  // by class
};

class Fitting {
 public:
  // All contrasts are of classes with doses.
  Fitting(std::vector<Contrast> contrasts, std::size_t classes)
      : contrasts_(std::move(contrasts)), dose_2_(classes), covariance_(contrasts_) {
    for (const Contrast& c : contrasts_) dose_2_[c.place] += c.dose * c.dose;
    for (std::size_t k = 0; k < kWorks; ++k)
      add_direction(gather([k](const Contrast& c) { return c.log_work[k]; }));
    const Values step = gather([](const Contrast& c) { return c.log_step; });
    slopes_ = slopes_of(step);
    Values left = without_lines(step, slopes_);
    for (const Direction& direction : directions_) {
      const double part = dot(direction.values, step);
      add(left, -part, direction.values);
      add(slopes_, -part, direction.slopes);
    }
    estimate_variance(dot(left, left));
  }

  double slope(std::size_t place) const { return slopes_[place]; }
  double degrees_of_freedom() const { return degrees_; }

  double standard_error(std::size_t place) const {
    Values weights = doses(place);
    scale(weights, 1 / dose_2_[place]);
    for (const Direction& direction : directions_)
      add(weights, -direction.slopes[place], direction.values);
    return std::sqrt(variance_ * dot(weights, covariance_.times(weights)));
  }

 private:
  template <typename Value>
  Values gather(const Value& value) const {
    Values out;
    for (const Contrast& c : contrasts_) out.push_back(value(c));
    return out;
  }

  // 0 in the contrasts of other classes.
  Values doses(std::size_t place) const {
    return gather([place](const Contrast& c) { return c.place == place ? c.dose : 0; });
  }

  // Of each class' line of the values over the dose; it goes through zero.
  Values slopes_of(const Values& values) const {
    Values out(dose_2_.size());
    for (std::size_t i = 0; i < values.size(); ++i)
      out[contrasts_[i].place] += contrasts_[i].dose * values[i];
    for (std::size_t place = 0; place < out.size(); ++place)
      if (dose_2_[place] > 0) out[place] /= dose_2_[place];
    return out;
  }

  Values without_lines(Values values, const Values& slopes) const {
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] -= slopes[contrasts_[i].place] * contrasts_[i].dose;
    return values;
  }

  // Gram and Schmidt's.
  void add_direction(const Values& work) {
    Direction direction{{}, slopes_of(work)};
    direction.values = without_lines(work, direction.slopes);
    const double length_2 = dot(direction.values, direction.values);
    for (const Direction& other : directions_) {
      const double part = dot(direction.values, other.values);
      add(direction.values, -part, other.values);
      add(direction.slopes, -part, other.slopes);
    }
    const double left_2 = dot(direction.values, direction.values);
    if (!(left_2 > std::max(kLeastWork_2, kLeastShare_2 * length_2))) return;
    scale(direction.values, 1 / std::sqrt(left_2));
    scale(direction.slopes, 1 / std::sqrt(left_2));
    directions_.push_back(std::move(direction));
  }

  // Orthonormal, of all that the fit can be.
  std::vector<Values> basis() const {
    std::vector<Values> out;
    for (std::size_t place = 0; place < dose_2_.size(); ++place) {
      if (!(dose_2_[place] > 0)) continue;
      out.push_back(doses(place));
      scale(out.back(), 1 / std::sqrt(dose_2_[place]));
    }
    for (const Direction& direction : directions_) out.push_back(direction.values);
    return out;
  }

  // With M = 1 - sum of u u' over the basis.
  void estimate_variance(double left_2) {
    const std::vector<Values> all = basis();
    if (contrasts_.size() <= all.size()) return;
    double trace = covariance_.trace(), trace_of_square = covariance_.trace_of_square();
    for (const Values& u : all) {
      const Values v_u = covariance_.times(u);
      trace -= dot(u, v_u);
      trace_of_square -= 2 * dot(v_u, v_u);
      for (const Values& other : all) trace_of_square += std::pow(dot(other, v_u), 2);
    }
    if (!(trace > 0 && trace_of_square > 0)) return;
    variance_ = left_2 / trace;
    degrees_ = trace * trace / trace_of_square;
  }

  const std::vector<Contrast> contrasts_;
  Values dose_2_;  // by class: sum of the doses' squares
  const ContrastCovariance covariance_;
  std::vector<Direction> directions_;
  Values slopes_;
  double variance_ = 0;  // of a window
  double degrees_ = 0;
};

}  // namespace

Fit fit_contrasts(const std::vector<Contrast>& contrasts, std::size_t classes) {
  Fit out;
  out.classes.resize(classes);
  std::vector<char> has_dose(classes);
  for (const Contrast& c : contrasts) {
    ++out.classes[c.place].windows;
    if (c.dose * c.dose > 0) has_dose[c.place] = 1;
  }
  for (std::size_t place = 0; place < classes; ++place)
    out.classes[place].known = has_dose[place] != 0 && out.classes[place].windows >= kFewestWindows;
  std::vector<Contrast> of_known;
  std::copy_if(contrasts.begin(), contrasts.end(), std::back_inserter(of_known),
               [&](const Contrast& c) { return out.classes[c.place].known; });
  const Fitting fitting(std::move(of_known), classes);
  out.degrees_of_freedom = fitting.degrees_of_freedom();
  for (std::size_t place = 0; place < classes; ++place) {
    if (!out.classes[place].known) continue;
    out.classes[place].slope = fitting.slope(place);
    out.classes[place].standard_error = fitting.standard_error(place);
  }
  return out;
}

}  // namespace datamon::report
