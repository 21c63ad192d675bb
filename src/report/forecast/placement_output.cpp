#include "report/forecast/placement_output.h"

#include <fmt/format.h>

#include "report/forecast/forecast_json.h"
#include "report/forecast/forecast_text.h"
#include "report/text_layout.h"
#include "report/text_units.h"

namespace datamon::report {
namespace {

using nlohmann::ordered_json;

// What nobody would notice of a step.
constexpr double kNoTime_s = 1e-6;

const PlacementOutlook* chosen(const PlacementAdvice& advice) {
  for (const PlacementOutlook& outlook : advice.outlooks)
    if (advice.choice == outlook.placement) return &outlook;
  return nullptr;
}

std::string limit_text(const std::string& limit) {
  return (limit == "storage" ? "" : "the ") + limit + " is the limit";
}

std::string sentence(const PlacementAdvice& advice) {
  if (const PlacementOutlook* const best = chosen(advice)) {
    const std::string device = device_text(*best->forecast);
    return fmt::format("{} {}: {}{}{}", to_string(best->placement),
                       advice.sure ? "is the best place" : "may help, but that is not sure",
                       gain_text(*best->forecast), device.empty() ? "" : "; ", device);
  }
  if (advice.none_helps) return "none of these will help: " + limit_text(advice.limit);
  std::string open;
  for (const PlacementOutlook& outlook : advice.outlooks)
    if (!outlook.measured && outlook.forecast)
      open += fmt::format("{}{} ({})", open.empty() ? "" : ", ", to_string(outlook.placement),
                          gain_text(*outlook.forecast));
  return fmt::format("what was measured will not help: {}; what was not might: {}",
                     limit_text(advice.limit), open);
}

std::string line_of(const PlacementOutlook& outlook) {
  const std::string name = pad_right(to_string(outlook.placement), 8);
  if (!outlook.forecast) return name + "nothing of what was recorded would be left";
  const Forecast& forecast = *outlook.forecast;
  std::string line = fmt::format("{}{} · {} items/s", name, gain_text(forecast),
                                 rate_text(forecast.items_per_s.value));
  if (!outlook.measured) return line + " · not measured: " + printable(outlook.not_measured);
  line += " · then " + bound_text(forecast.limit);
  const std::string device = device_text(forecast);
  return device.empty() ? line : line + " · " + device;
}

ordered_json advice_word(const PlacementAdvice& advice) {
  if (advice.choice) return to_string(*advice.choice);
  return advice.none_helps ? ordered_json("none") : ordered_json();
}

}  // namespace

std::string device_text(const Forecast& forecast) {
  if (!(forecast.device_s > 0)) return "";
  const std::string work = time_text(forecast.device_s) + " of GPU work a step";
  if (forecast.added_s < kNoTime_s) return work + " find room beside the model's";
  return forecast.added_s > 0.99 * forecast.device_s
             ? work + " are taken from the model"
             : fmt::format("{}, {} of it taken from the model", work, time_text(forecast.added_s));
}

std::string placement_text(const PlacementAdvice& advice, const TextStyle& style) {
  const auto width = static_cast<std::size_t>(style.width);
  if (!advice.why_not.empty())
    return wrap("no advice on the placement: " + advice.why_not, width, "  ", "  ");
  std::string out = wrap(sentence(advice), width, "  ", "    ");
  for (const PlacementOutlook& outlook : advice.outlooks)
    out += painted(wrap(line_of(outlook), width, "    ", "            "),
                   advice.choice == outlook.placement ? Paint::kBold : Paint::kPlain, style.color);
  const std::string device =
      advice.device.empty() ? "" : fmt::format(", on {}", printable(advice.device));
  std::string basis =
      fmt::format("rates: {}{}{}", printable(advice.file),
                  advice.date.empty() ? "" : ", of " + printable(advice.date), device);
  if (!advice.assumptions.empty())
    basis += fmt::format("; assumed: {}", fmt::join(advice.assumptions, "; "));
  return out + painted(wrap(basis + ".", width, "  ", "  "), Paint::kDim, style.color);
}

ordered_json to_json(const PlacementAdvice& advice) {
  ordered_json placements = ordered_json::array();
  for (const PlacementOutlook& outlook : advice.outlooks) {
    const auto& forecast = outlook.forecast;
    const auto seconds = [&](double value) {
      return outlook.measured && forecast ? ordered_json(value) : ordered_json();
    };
    placements.push_back({{"placement", to_string(outlook.placement)},
                          {"measured", outlook.measured},
                          {"not_measured", text_or_null(outlook.not_measured)},
                          {"forecast", forecast ? to_json(*forecast) : ordered_json()},
                          {"device_s_a_step", seconds(forecast ? forecast->device_s : 0)},
                          {"added_s_a_step", seconds(forecast ? forecast->added_s : 0)}});
  }
  return {{"why_not", text_or_null(advice.why_not)},
          {"advice", advice_word(advice)},
          {"sure", advice.choice ? ordered_json(advice.sure) : ordered_json()},
          {"limit", text_or_null(advice.limit)},
          {"placements", placements},
          {"assumptions", advice.assumptions},
          {"rates",
           {{"file", valid_utf8(advice.file)},
            {"date", text_or_null(advice.date)},
            {"version", text_or_null(advice.version)},
            {"cpu", text_or_null(advice.cpu)},
            {"device", text_or_null(advice.device)}}}};
}

}  // namespace datamon::report
