// What would help and what would not, ranked by forecast.
#include <fmt/format.h>

#include <algorithm>

#include "report/forecast/forecast_text.h"
#include "report/forecast/placement_output.h"
#include "report/text_job.h"
#include "report/text_layout.h"
#include "report/text_sections.h"

namespace datamon::report {
namespace {

// More would push the verdict off the screen; the JSON has all.
constexpr std::size_t kMostRemedies = 3;
// A narrow page has longer sentences already.
constexpr std::size_t kMostUnhelpful = 3, kMostUnhelpfulIfNarrow = 1, kWide = 100;

// " (2 more: --width 100 or --json)" of those that are not shown.
std::string more(std::size_t all, std::size_t shown, std::size_t shown_if_wide) {
  if (all <= shown) return "";
  return fmt::format(" ({} more: {}--json)", all - shown,
                     shown < shown_if_wide ? fmt::format("--width {} or ", kWide) : "");
}

// What a gain takes for granted where that is our choice and not the remedy's: nobody
// knows yet how much faster the step or the stage will become.
std::string condition(const Forecast& forecast) {
  for (const Change& change : forecast.changes)
    if (change.kind == ChangeKind::kConsumer || change.kind == ChangeKind::kFaster)
      return forecast.at_most ? fmt::format(" (with {})", to_text(forecast.changes))
                              : " with " + to_text(forecast.changes);
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
  const std::size_t help = diagnosis_.remedies.size(), not_help = diagnosis_.unhelpful.size();
  std::string out = heading("what would help" + more(help, kMostRemedies, kMostRemedies));
  for (std::size_t i = 0; i < help && i < kMostRemedies; ++i) {
    const Remedy& remedy = diagnosis_.remedies[i];
    const std::string gain =
        remedy.forecast ? gain_text(*remedy.forecast) + condition(*remedy.forecast) + ": " : "";
    out += wrap(gain + remedy.change, width(), fmt::format("  {} ", i + 1), "    ");
    out += painted(wrap(remedy.why, width(), "    ", "    "), Paint::kDim, style_.color);
  }
  const std::size_t most = width() < kWide ? kMostUnhelpfulIfNarrow : kMostUnhelpful;
  if (not_help > 0) {
    out += heading("what would not" + more(not_help, most, std::min(not_help, kMostUnhelpful)));
    for (std::size_t i = 0; i < not_help && i < most; ++i)
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
