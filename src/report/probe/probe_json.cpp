#include "report/probe/probe_json.h"

#include "report/forecast/forecast_json.h"
#include "report/probe/judgement.h"

namespace datamon::report {

using nlohmann::ordered_json;

namespace {

ordered_json forecast_for(StageClass stage_class, const ForecastSection* forecasts) {
  if (forecasts == nullptr) return nullptr;
  for (const auto& [known, interval] : forecasts->sensitivities)
    if (known == stage_class) return to_json(interval);
  return nullptr;
}

}  // namespace

ordered_json probe_json(const ProbeProfile& probe, const Verdict& verdict,
                        const ForecastSection* forecasts) {
  const ProbeJudgement judgement = judge(verdict, probe);
  ordered_json stages = ordered_json::array();
  for (const ProbedStage& stage : probe.measured.stages)
    stages.push_back({{"class", to_string(stage.stage_class)},
                      {"sensitivity", stage.known ? to_json(stage.sensitivity) : ordered_json()},
                      {"forecast", forecast_for(stage.stage_class, forecasts)},
                      {"windows", stage.windows},
                      {"dose", stage.dose},
                      {"added_s", stage.added_s}});
  return {{"why_not", probe.why_not.empty() ? ordered_json() : ordered_json(probe.why_not)},
          {"verdict", to_string(judgement.answer)},
          {"why", judgement.why},
          {"end", to_string(probe.end)},
          {"delay", probe.delay},
          {"seconds", probe.seconds},
          {"window_s", probe.window_s},
          {"step_s", probe.step_s},
          {"windows", probe.measured.windows},
          {"added_s", probe.added_s},
          {"slowdown", probe.measured.slowdown},
          {"stages", stages}};
}

}  // namespace datamon::report
