#include "report/forecast/forecast_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/forecast/placement_output.h"
#include "report/forecast/throughput_chart.h"
#include "report/text_layout.h"
#include "report/text_units.h"

namespace datamon::report {
namespace {

// A simulation this far from the measurement deserves a warning.
constexpr double kFarOff = 0.10;

std::string rate_or_dash(double rate) { return std::isfinite(rate) ? rate_text(rate) : "-"; }

bool contains(const std::vector<std::string>& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

std::string bounds_text(const Bounds& bounds) {
  std::string out;
  const auto add = [&](const char* name, double rate) {
    if (std::isfinite(rate))
      out += fmt::format("{}{} {}", out.empty() ? "" : " · ", name, rate_text(rate));
  };
  add("workers", bounds.workers);
  add("cores", bounds.cores);
  add("storage", bounds.storage);
  add("hand-off", bounds.hand_off);
  add("consumer (receiving included)", bounds.consumer);
  return out;
}

}  // namespace

const std::string kOfWholeRun = "of the whole run, epoch boundaries included";

std::string bound_text(std::string_view limit) {
  if (limit == "cores") return "all cores are busy";
  if (limit == "consumer") return "the consumer is the limit";
  if (limit == "workers") return "all workers are busy";
  if (limit == "storage") return "storage is at its limit";
  if (limit == "hand-off") return "the hand-off is the limit";
  return "workers wait for their turn";
}

std::string trust_text(const ForecastSection& section) {
  if (!section.why_not.empty()) return "no forecasts: " + section.why_not;
  const double off = std::abs(section.simulated_over_measured - 1);
  return fmt::format("forecasts are simulated, {} off as it is", percent_text(off));
}

std::string basis_text(const ForecastSection& section) {
  if (!section.why_not.empty()) return "no forecasts: " + section.why_not;
  const double off = section.simulated_over_measured - 1;
  std::string out = fmt::format(
      "forecasts: simulated from {} recorded items/s; as it is, the simulation is {} {}",
      rate_text(section.as_it_is_items_per_s), percent_text(std::abs(off)),
      off >= 0 ? "too fast" : "too slow");
  out += std::abs(off) > kFarOff ? ", so take them with care" : ", which is part of the intervals";
  if (!section.assumptions.empty())
    out += fmt::format("; assumed: {}", fmt::join(section.assumptions, "; "));
  return out + ".";
}

std::string forecasts_table(const ForecastSection& section, const TextStyle& style) {
  const auto width = static_cast<std::size_t>(style.width);
  if (!section.why_not.empty()) return wrap(basis_text(section), width, "  ", "  ");
  std::vector<Row> rows;
  rows.push_back({{"as it is", rate_text(section.as_it_is_items_per_s), "", "", ""}});
  std::vector<std::string> notes;
  std::vector<Forecast> ordered = section.forecasts;
  std::stable_sort(ordered.begin(), ordered.end(), [](const Forecast& a, const Forecast& b) {
    return a.speedup.value > b.speedup.value;
  });
  for (const Forecast& forecast : ordered) {
    const Interval& rate = forecast.items_per_s;
    rows.push_back(
        {{to_text(forecast.changes), (forecast.at_most ? "~" : "") + rate_or_dash(rate.value),
          forecast.at_most ? "" : rate_or_dash(rate.low) + " to " + rate_or_dash(rate.high),
          gain_text(forecast), bound_text(forecast.limit)}});
    if (forecast.whole_run && !contains(notes, kOfWholeRun)) notes.push_back(kOfWholeRun);
    if (!section.placement && forecast.device_s > 0) notes.push_back(device_text(forecast));
    for (const std::string& note : forecast.assumptions)
      if (!contains(notes, note) &&
          !(section.placement && contains(section.placement->assumptions, note)))
        notes.push_back(note);
  }
  std::string out;
  const std::vector<Column> columns = {{"change", true},
                                       {"items/s", false},
                                       {"range", false, 2},
                                       {"gain", false},
                                       {"then", true, 1}};
  for (const std::string& line : table(columns, rows, width, style.color)) out += line + "\n";
  if (const LeftOut left = left_out(columns, rows, width); !left.heads.empty())
    out += wrap(fmt::format("left out: {} (--width {} or --json)", fmt::join(left.heads, ", "),
                            left.width_needed),
                width, "  ", "  ");
  out += "\n" +
         wrap("at most, by itself (items/s): " + bounds_text(section.bounds), width, "  ", "    ");
  out += wrap(basis_text(section), width, "  ", "  ");
  if (!notes.empty())
    out += wrap(fmt::format("also assumed: {}.", fmt::join(notes, "; ")), width, "  ", "  ");
  if (section.placement)
    out += "\n  where to prepare images\n" + placement_text(*section.placement, style);
  return style.utf8 ? out : to_ascii(out);
}

std::string sweep_text(const Sweep& sweep, const TextStyle& style) {
  const auto width = static_cast<std::size_t>(style.width);
  if (!sweep.why_not.empty()) return wrap("no forecasts: " + sweep.why_not, width, "  ", "  ");
  Chart chart;
  for (const Forecast& forecast : sweep.by_workers)
    chart.values.push_back(forecast.items_per_s.value);
  chart.line = sweep.consumer_items_per_s;
  chart.line_name = fmt::format("the consumer takes {} at most", rate_text(chart.line));
  chart.x_name = "workers";
  chart.marked = sweep.enough;
  std::string out = "  items/s\n" + draw(chart, style) + "\n";
  if (sweep.enough > 0) {
    const Forecast& enough = sweep.by_workers[static_cast<std::size_t>(sweep.enough) - 1];
    const Interval& rate = enough.items_per_s;
    const std::string figures = fmt::format("{} items/s ({} to {})", rate_text(rate.value),
                                            rate_text(rate.low), rate_text(rate.high));
    const std::string workers =
        fmt::format("{} worker{}", sweep.enough, sweep.enough == 1 ? "" : "s");
    out +=
        wrap(sweep.feeds_consumer
                 ? fmt::format("{} feed{} the consumer: {}, 99 % or more of what it can take.",
                               workers, sweep.enough == 1 ? "s" : "", figures)
                 : fmt::format("{} bring{} 99 % of the best: {}. The consumer would take {}, but "
                               "{}.",
                               workers, sweep.enough == 1 ? "s" : "", figures,
                               rate_text(sweep.consumer_items_per_s), bound_text(enough.limit)),
             width, "  ", "  ");
  }
  return style.utf8 ? out : to_ascii(out);
}

}  // namespace datamon::report
