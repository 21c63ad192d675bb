#include <nlohmann/json.hpp>

#include "report/forecast/forecast_json.h"
#include "report/text_units.h"
#include "report/tune/tune_result.h"

namespace datamon::report {

using nlohmann::ordered_json;

namespace {

ordered_json flag(const std::optional<bool>& value) {
  return value ? ordered_json(*value) : ordered_json();
}

ordered_json setting_json(const LoaderSetting& setting) {
  return {{"workers", setting.workers},
          {"prefetch", setting.workers > 0 ? ordered_json(setting.prefetch) : ordered_json()},
          {"pin", flag(setting.pin)},
          {"persistent", flag(setting.persistent)}};
}

ordered_json trial_json(const TuneTrial& trial) {
  const bool measured = !trial.result.failed;
  return {{"setting", setting_json(trial.result.setting)},
          {"failed", trial.result.failed},
          {"items_per_s", measured ? to_json(trial.result.items_per_s) : ordered_json()},
          {"forecast_items_per_s", trial.forecast ? to_json(*trial.forecast) : ordered_json()},
          {"input_wait_share",
           measured ? ordered_json(trial.verdict.input_wait_share.value) : ordered_json()},
          {"verdict", measured ? ordered_json(to_string(trial.verdict.label)) : ordered_json()},
          {"steady_steps", trial.steady_steps},
          {"seconds", trial.seconds},
          {"note", trial.note.empty() ? ordered_json() : ordered_json(valid_utf8(trial.note))},
          {"recording", valid_utf8(trial.recording)}};
}

}  // namespace

ordered_json tune_json(const TuneResult& result) {
  ordered_json trials = ordered_json::array();
  for (const TuneTrial& trial : result.trials) trials.push_back(trial_json(trial));
  ordered_json notes = ordered_json::array();
  for (const std::string& note : result.notes) notes.push_back(valid_utf8(note));
  const LoaderSetting& best = result.trials[result.best].result.setting;
  return {{"schema_version", 1},
          {"loader", valid_utf8(result.loader_name)},
          {"trials", trials},
          {"best",
           {{"trial", result.best},
            {"setting", setting_json(best)},
            {"code", as_code(best, result.kind)},
            {"speedup", result.speedup()}}},
          {"settings", result.settings},
          {"why_ended", result.why_ended},
          {"notes", notes}};
}

}  // namespace datamon::report
