#include "report/probe/sensitivity.h"

#include <algorithm>
#include <cmath>

#include "report/probe/contrasts.h"

namespace datamon::report {
namespace {

// A class with fewer windows has no value; fewer degrees of freedom, no interval.
constexpr int kFewestWindows = 2, kFewestDegrees = 4;
// For is_narrow(): by then the scatter is known well enough.
constexpr int kEnoughWindows = 4;
constexpr double kNarrow = 0.1;
// Work that hardly differs between windows explains nothing.
constexpr double kLeastWork_2 = 1e-9;

// The least-squares fit of the contrasts; a class' line goes through zero.
class Fit {
 public:
  Fit(const std::vector<Contrast>& contrasts, std::size_t classes)
      : contrasts_(contrasts), dose_2_(classes), count_(classes) {
    for (const Contrast& contrast : contrasts) {
      dose_2_[contrast.place] += contrast.dose * contrast.dose;
      ++count_[contrast.place];
    }
    for (std::size_t k = 0; k < kWorks; ++k)
      work_slope_[k] = slopes([k](const Contrast& c) { return c.log_work[k]; });
    solve();
  }

  bool known(std::size_t place) const {
    return count_[place] >= kFewestWindows && dose_2_[place] > 0;
  }
  int windows(std::size_t place) const { return count_[place]; }

  // In logarithms of the step's time, for a unit of the dose.
  double slope(std::size_t place) const { return slope_[place]; }

  int degrees_of_freedom() const { return degrees_; }

  double standard_error(std::size_t place) const {
    double inflation = 1 / dose_2_[place];
    for (std::size_t i = 0; i < kWorks; ++i)
      for (std::size_t j = 0; j < kWorks; ++j)
        inflation += work_slope_[i][place] * inverse_[i][j] * work_slope_[j][place];
    return std::sqrt(variance_ * inflation);
  }

 private:
  using Slopes = std::vector<double>;

  // Of each class' line of any value over the dose.
  template <typename Value>
  Slopes slopes(const Value& value) const {
    Slopes out(dose_2_.size());
    for (const Contrast& c : contrasts_) out[c.place] += c.dose * value(c);
    for (std::size_t place = 0; place < out.size(); ++place)
      out[place] = dose_2_[place] > 0 ? out[place] / dose_2_[place] : 0;
    return out;
  }

  // What the class' line leaves of the work (Frisch, Waugh, Lovell: regressing the rest
  // on the rest is the same as fitting all at once).
  double work_left(const Contrast& c, std::size_t k) const {
    return c.log_work[k] - work_slope_[k][c.place] * c.dose;
  }

  void solve() {
    const Slopes plain = slopes([](const Contrast& c) { return c.log_step; });
    double square[kWorks][kWorks] = {}, product[kWorks] = {};
    for (const Contrast& c : contrasts_) {
      if (!known(c.place)) continue;
      for (std::size_t i = 0; i < kWorks; ++i) {
        product[i] += work_left(c, i) * (c.log_step - plain[c.place] * c.dose);
        for (std::size_t j = 0; j < kWorks; ++j) square[i][j] += work_left(c, i) * work_left(c, j);
      }
    }
    invert(square);
    double beta[kWorks] = {};
    for (std::size_t i = 0; i < kWorks; ++i)
      for (std::size_t j = 0; j < kWorks; ++j) beta[i] += inverse_[i][j] * product[j];
    slope_ = slopes([&](const Contrast& c) {
      return c.log_step - beta[0] * c.log_work[0] - beta[1] * c.log_work[1];
    });
    double squares = 0;
    for (const Contrast& c : contrasts_) {
      if (!known(c.place)) continue;
      double left = c.log_step - slope_[c.place] * c.dose;
      for (std::size_t k = 0; k < kWorks; ++k) left -= beta[k] * c.log_work[k];
      squares += left * left;
      ++degrees_;
    }
    for (std::size_t place = 0; place < dose_2_.size(); ++place) degrees_ -= known(place);
    for (std::size_t k = 0; k < kWorks; ++k) degrees_ -= inverse_[k][k] > 0;
    if (degrees_ > 0) variance_ = squares / degrees_;
  }

  // Leaves out work that does not vary, or only together with the other.
  void invert(const double (&m)[kWorks][kWorks]) {
    static_assert(kWorks == 2);
    const double determinant = m[0][0] * m[1][1] - m[0][1] * m[1][0];
    if (m[0][0] > kLeastWork_2 && m[1][1] > kLeastWork_2 &&
        determinant > 1e-3 * m[0][0] * m[1][1]) {
      inverse_[0][0] = m[1][1] / determinant;
      inverse_[1][1] = m[0][0] / determinant;
      inverse_[0][1] = inverse_[1][0] = -m[0][1] / determinant;
      return;
    }
    const std::size_t k = m[0][0] >= m[1][1] ? 0 : 1;
    if (m[k][k] > kLeastWork_2) inverse_[k][k] = 1 / m[k][k];
  }

  const std::vector<Contrast>& contrasts_;
  Slopes dose_2_;
  std::vector<int> count_;
  std::array<Slopes, kWorks> work_slope_;
  double inverse_[kWorks][kWorks] = {};
  Slopes slope_;
  double variance_ = 0;
  int degrees_ = 0;
};

// The relative slow-down of the step over the dose, from the slope in logarithms.
double relative(double slope, double dose) {
  constexpr double kLargest = 20;  // beyond it nothing is measured, and exp() must not overflow
  return dose > 0 ? std::expm1(std::clamp(slope * dose, -kLargest, kLargest)) / dose : slope;
}

}  // namespace

// Cornish and Fisher's expansion: within 1 % from 3 degrees on.
double student_t(double z, int degrees_of_freedom) {
  const double n = degrees_of_freedom;
  const double z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z;
  return z + (z3 + z) / (4 * n) + (5 * z5 + 16 * z3 + 3 * z) / (96 * n * n) +
         (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * n * n * n);
}

Sensitivities measure_sensitivities(const ProbeRecord& record, const Unsteady& unsteady) {
  Sensitivities out;
  const Contrasts contrasts = find_contrasts(record, unsteady);
  out.windows = contrasts.windows;
  if (!record.begun()) return out;
  const format::ProbeHeader& header = record.header;
  const Fit fit(contrasts.delayed, header.class_count);
  out.degrees_of_freedom = fit.degrees_of_freedom();
  std::vector<double> dose(header.class_count);
  for (const Contrast& contrast : contrasts.delayed) dose[contrast.place] += contrast.dose;
  for (std::size_t place = 0; place < header.class_count; ++place) {
    ProbedStage stage;
    stage.stage_class = static_cast<StageClass>(header.classes[place]);
    stage.added_s = static_cast<double>(header.added_ns[header.classes[place]]) * 1e-9;
    stage.windows = fit.windows(place);
    if (stage.windows > 0) stage.dose = dose[place] / stage.windows;
    stage.known = fit.known(place) && fit.degrees_of_freedom() >= kFewestDegrees;
    if (stage.known) {
      const double half = student_t(kNormal975, out.degrees_of_freedom) * fit.standard_error(place);
      const double slope = fit.slope(place);
      stage.sensitivity = {relative(slope, stage.dose), relative(slope - half, stage.dose),
                           relative(slope + half, stage.dose)};
      stage.standard_error = fit.standard_error(place);
      out.slowdown += stage.windows * stage.sensitivity.value * stage.dose / out.windows;
    }
    out.stages.push_back(stage);
  }
  std::sort(out.stages.begin(), out.stages.end(), [](const ProbedStage& a, const ProbedStage& b) {
    return a.stage_class < b.stage_class;
  });
  return out;
}

bool is_narrow(const Sensitivities& sensitivities) {
  return !sensitivities.stages.empty() &&
         std::all_of(sensitivities.stages.begin(), sensitivities.stages.end(),
                     [](const ProbedStage& stage) {
                       return stage.known && stage.windows >= kEnoughWindows &&
                              stage.sensitivity.high - stage.sensitivity.value <= kNarrow;
                     });
}

}  // namespace datamon::report
