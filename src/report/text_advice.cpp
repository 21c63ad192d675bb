// What would help and what would not, ranked by forecast.
#include <fmt/format.h>

#include "report/forecast/forecast_text.h"
#include "report/forecast/placement_output.h"
#include "report/text_job.h"
#include "report/text_layout.h"
#include "report/text_sections.h"

namespace datamon::report {
namespace {

// More would push the verdict off the screen; the JSON has all. A narrow page has
// longer sentences already.
std::size_t most_remedies(std::size_t width) { return width < 100 ? 2 : 3; }
std::size_t most_unhelpful(std::size_t width) { return width < 100 ? 1 : 3; }

// What a gain takes for granted where that is our choice and not the remedy's: nobody
// knows yet how much faster the step or the stage will become.
std::string condition(const Forecast& forecast) {
  for (const Change& change : forecast.changes)
    if (change.kind == ChangeKind::kConsumer || change.kind == ChangeKind::kFaster)
      return " with " + to_text(forecast.changes);
  return "";
}

std::string trust_lines(const ForecastSection& forecasts, const Profile& profile,
                        std::size_t width) {
  const std::string text = trust_text(forecasts);
  if (!forecasts.why_not.empty()) return wrap(text, width, "  ", "  ");
  return wrap_command(text + ":", command_about(profile, "forecast"), width, "  ", "  ");
}

}  // namespace

std::string Sections::remedies(const ForecastSection* forecasts) const {
  std::string out = heading("what would help");
  const std::size_t most = most_remedies(width());
  for (std::size_t i = 0; i < diagnosis_.remedies.size() && i < most; ++i) {
    const Remedy& remedy = diagnosis_.remedies[i];
    const std::string gain =
        remedy.forecast ? gain_text(*remedy.forecast) + condition(*remedy.forecast) + ": " : "";
    out += wrap(gain + remedy.change, width(), fmt::format("  {} ", i + 1), "    ");
    out += painted(wrap(remedy.why, width(), "    ", "    "), Paint::kDim, style_.color);
  }
  if (!diagnosis_.unhelpful.empty()) {
    out += heading("what would not");
    for (std::size_t i = 0; i < diagnosis_.unhelpful.size() && i < most_unhelpful(width()); ++i)
      out += wrap(to_text(diagnosis_.unhelpful[i]), width(), "  - ", "    ");
  }
  if (forecasts != nullptr)
    out += painted(trust_lines(*forecasts, profile_, width()), Paint::kDim, style_.color);
  return out;
}

std::string Sections::placement(const ForecastSection* forecasts) const {
  if (forecasts == nullptr || !forecasts->placement) return "";
  return heading("where to prepare images") + placement_text(*forecasts->placement, style_);
}

}  // namespace datamon::report
