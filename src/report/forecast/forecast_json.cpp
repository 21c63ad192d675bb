#include "report/forecast/forecast_json.h"

#include <cmath>

#include "report/text_units.h"

namespace datamon::report {

using nlohmann::ordered_json;

namespace {

ordered_json upper_bound(const Interval& interval) {
  ordered_json out = to_json(interval);
  out["low"] = nullptr;
  return out;
}

ordered_json finite(double value) {
  return std::isfinite(value) ? ordered_json(value) : ordered_json();
}

}  // namespace

ordered_json text_or_null(const std::string& text) {
  return text.empty() ? ordered_json() : ordered_json(valid_utf8(text));
}

ordered_json to_json(const Interval& interval) {
  return {{"value", interval.value}, {"low", interval.low}, {"high", interval.high}};
}

ordered_json to_json(const Change& change) {
  ordered_json out = {{"kind", to_string(change.kind)}};
  switch (change.kind) {
    case ChangeKind::kWorkers:
    case ChangeKind::kPrefetch:
    case ChangeKind::kBatchSize:
    case ChangeKind::kRanks:
      out["to"] = change.value;
      break;
    case ChangeKind::kFaster:
      out["stage"] = valid_utf8(change.stage);
      out["factor"] = finite(change.value);  // null: the stage is gone
      break;
    case ChangeKind::kPlacement:
      out["to"] = valid_utf8(change.stage);
      break;
    case ChangeKind::kConsumer:
      out["factor"] = change.value;
      break;
    default:
      break;
  }
  return out;
}

ordered_json to_json(const Forecast& forecast) {
  ordered_json changes = ordered_json::array();
  for (const Change& change : forecast.changes) changes.push_back(to_json(change));
  const auto range = [&](const Interval& interval) {
    return forecast.at_most ? upper_bound(interval) : to_json(interval);
  };
  return {{"change", changes.size() == 1 ? changes[0] : ordered_json{{"kind", "several"}}},
          {"changes", changes},
          {"throughput", range(forecast.items_per_s)},
          {"speedup", range(forecast.speedup)},
          {"at_most", forecast.at_most},
          {"whole_run", forecast.whole_run},
          {"limit", forecast.limit},
          {"assumptions", forecast.assumptions}};
}

ordered_json to_json(const std::vector<Forecast>& forecasts) {
  ordered_json out = ordered_json::array();
  for (const Forecast& forecast : forecasts) out.push_back(to_json(forecast));
  return out;
}

ordered_json to_json(const Bounds& bounds) {
  return {{"workers", bounds.workers},
          {"cores", bounds.cores},
          {"storage", bounds.storage},
          {"hand_off", bounds.hand_off},
          {"consumer", bounds.consumer}};
}

ordered_json basis_json(const ForecastSection& section) {
  const bool known = section.why_not.empty();
  return {{"why_not", text_or_null(section.why_not)},
          {"measured_items_per_s", section.measured_items_per_s},
          {"as_it_is_items_per_s", section.as_it_is_items_per_s},
          {"simulated_over_measured",
           known ? ordered_json(section.simulated_over_measured) : ordered_json()},
          {"bounds_items_per_s", known ? to_json(section.bounds) : ordered_json()},
          {"assumptions", section.assumptions}};
}

ordered_json to_json(const Sweep& sweep) {
  ordered_json points = ordered_json::array();
  for (const Forecast& forecast : sweep.by_workers)
    points.push_back({{"workers", forecast.changes.back().value},
                      {"throughput", to_json(forecast.items_per_s)},
                      {"limit", forecast.limit}});
  return {{"why_not", text_or_null(sweep.why_not)},
          {"points", points},
          {"consumer_items_per_s", sweep.consumer_items_per_s},
          {"enough_workers", sweep.enough > 0 ? ordered_json(sweep.enough) : ordered_json()},
          {"feeds_consumer", sweep.feeds_consumer}};
}

}  // namespace datamon::report
