#include "report/probe/covariance.h"

namespace datamon::report {
namespace {

double covariance(const Contrast& a, const Contrast& b) {
  double sum = 0;
  for (const WindowShare& one : a.shares)
    for (const WindowShare& other : b.shares)
      if (one.window == other.window) sum += one.weight * other.weight;
  return sum;
}

}  // namespace

ContrastCovariance::ContrastCovariance(const std::vector<Contrast>& contrasts)
    : band_(contrasts.size()) {
  for (std::size_t i = 0; i < contrasts.size(); ++i)
    for (std::size_t k = 0; k <= kReach && i + k < contrasts.size(); ++k)
      band_[i][k] = covariance(contrasts[i], contrasts[i + k]);
}

std::vector<double> ContrastCovariance::times(const std::vector<double>& values) const {
  std::vector<double> out(band_.size());
  for (std::size_t i = 0; i < band_.size(); ++i) {
    out[i] += band_[i][0] * values[i];
    for (std::size_t k = 1; k <= kReach && i + k < band_.size(); ++k) {
      out[i] += band_[i][k] * values[i + k];
      out[i + k] += band_[i][k] * values[i];
    }
  }
  return out;
}

double ContrastCovariance::trace() const {
  double sum = 0;
  for (const auto& row : band_) sum += row[0];
  return sum;
}

double ContrastCovariance::trace_of_square() const {
  double sum = 0;
  for (const auto& row : band_) {
    sum += row[0] * row[0];
    for (std::size_t k = 1; k <= kReach; ++k) sum += 2 * row[k] * row[k];
  }
  return sum;
}

}  // namespace datamon::report
