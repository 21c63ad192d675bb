#include "report/forecast/worker_qualifier.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/diagnosis_verdict.h"

namespace datamon::report {
namespace {

// What the definition of the qualifier asks for: a gain that is worth the change.
constexpr double kWorthwhile = 1.10;

const Forecast* doubled(const std::vector<Forecast>& forecasts, int workers) {
  const std::vector<Change> change = {{ChangeKind::kWorkers, 2.0 * workers, ""}};
  const auto at = std::find_if(forecasts.begin(), forecasts.end(), [&](const Forecast& forecast) {
    return forecast.changes == change;
  });
  return at == forecasts.end() ? nullptr : &*at;
}

}  // namespace

void judge_workers(const ForecastSection& section, Diagnosis& diagnosis) {
  Verdict& verdict = diagnosis.verdict;
  const int workers = section.workers;
  if (workers <= 0 || !is_input_bound(verdict.label)) return;
  const Forecast* more = doubled(section.forecasts, workers);
  if (more == nullptr) return;
  const char* each = section.ranks > 1 ? " in each rank" : "";
  const auto named =
      std::find(verdict.qualifiers.begin(), verdict.qualifiers.end(), Qualifier::kTooFewWorkers);
  if (named != verdict.qualifiers.end()) {
    if (more->speedup.low >= 1) return;
    verdict.qualifiers.erase(named);
    verdict.why.push_back(fmt::format("whether more workers help is not known: {}{} would bring {}",
                                      2 * workers, each, gain_text(*more)));
  } else if (more->speedup.low >= kWorthwhile) {
    verdict.qualifiers.push_back(Qualifier::kTooFewWorkers);
    verdict.why.push_back(fmt::format("{} workers{} instead of {} would bring {}", 2 * workers,
                                      each, workers, gain_text(*more)));
  }
}

}  // namespace datamon::report
