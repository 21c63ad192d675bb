// What an experiment on the running job found.
#include <fmt/format.h>

#include <algorithm>

#include "report/probe/judgement.h"
#include "report/text_layout.h"
#include "report/text_sections.h"
#include "report/text_units.h"

namespace datamon::report {
namespace {

Paint paint_of(ProbeAnswer answer) {
  if (answer == ProbeAnswer::kConfirmed) return Paint::kGreen;
  return answer == ProbeAnswer::kContradicted ? Paint::kRed : Paint::kYellow;
}

std::string range_text(const Interval& interval) {
  return fmt::format("{:.0f} to {:.0f} %", 100 * interval.low, 100 * interval.high);
}

std::string forecast_text(StageClass stage_class, const ForecastSection* forecasts) {
  if (forecasts == nullptr) return "-";
  for (const auto& [known, interval] : forecasts->sensitivities)
    if (known == stage_class)
      return fmt::format("{:.0f} % ({})", 100 * interval.value, range_text(interval));
  return "-";
}

Row row_of(const ProbedStage& stage, const ForecastSection* forecasts) {
  Row row;
  row.cells = {to_string(stage.stage_class),
               "",
               stage.known ? fmt::format("{:.0f} %", 100 * stage.sensitivity.value) : "-",
               stage.known ? range_text(stage.sensitivity) : "",
               forecast_text(stage.stage_class, forecasts),
               std::to_string(stage.windows)};
  row.bar_column = 1;
  row.bar_share = stage.known ? std::clamp(stage.sensitivity.value, 0.0, 1.0) : 0;
  return row;
}

// What it took from the job.
std::string cost_text(const ProbeProfile& probe) {
  const char* ends[] = {"it goes on", "then the intervals were narrow enough",
                        "then its time was over", "then the job ended"};
  return fmt::format(
      "It took {} in windows of {}; {}. The delays, {} over all threads, made the steps of that "
      "time {} slower.",
      time_text(probe.seconds), time_text(probe.window_s), ends[static_cast<int>(probe.end)],
      time_text(probe.added_s), percent_text(std::max(0.0, probe.measured.slowdown)));
}

}  // namespace

std::string Sections::probe(const ForecastSection* forecasts) const {
  if (!profile_.probe) return "";
  const ProbeProfile& probe = *profile_.probe;
  if (!probe.why_not.empty())
    return wrap("the experiment (MON_PROBE) says nothing: " + probe.why_not, width(), "  ", "    ");
  const ProbeJudgement judgement = judge(diagnosis_.verdict, probe);
  std::string out = heading(
      fmt::format("measured by experiment: how much of a stage's slow-down by {} reaches the step",
                  percent_text(probe.delay)));
  const std::vector<Column> columns = {{"delayed", true, 0},   {"", true, 0},
                                       {"reaches", false, 0},  {"95 %", false, 0},
                                       {"forecast", false, 1}, {"windows", false, 2}};
  std::vector<Row> rows;
  for (const ProbedStage& stage : probe.measured.stages) rows.push_back(row_of(stage, forecasts));
  for (const std::string& line : table(columns, rows, width() - 2, style_.color))
    out += "  " + line + "\n";
  out += painted(
      wrap(fmt::format("The verdict is {}: {}.", to_string(judgement.answer), judgement.why),
           width(), "  ", "    "),
      paint_of(judgement.answer), style_.color);
  return out + painted(wrap(cost_text(probe), width(), "  ", "    "), Paint::kDim, style_.color);
}

}  // namespace datamon::report
