#include <fmt/format.h>

#include "report/text_layout.h"
#include "report/text_units.h"
#include "report/tune/tune_result.h"

namespace datamon::report {
namespace {

std::string range_text(const Interval& interval) {
  return rate_text(interval.low) + " to " + rate_text(interval.high);
}

Row row_of(const TuneTrial& trial, std::string mark, bool is_best) {
  Row row;
  const std::string forecast = trial.forecast ? rate_text(trial.forecast->value) : "-";
  if (trial.result.failed)
    row.cells = {to_text(trial.result.setting), "-", "", forecast, "", "not measured", ""};
  else
    row.cells = {to_text(trial.result.setting),
                 rate_text(trial.result.items_per_s.value),
                 range_text(trial.result.items_per_s),
                 forecast,
                 percent_text(trial.verdict.input_wait_share.value),
                 to_string(trial.verdict.label),
                 std::move(mark)};
  if (is_best) row.paint = Paint::kBold;
  return row;
}

std::string answer_text(const TuneResult& result) {
  const TuneTrial& now = result.trials.front();
  const TuneTrial& best = result.trials[result.best];
  const std::string code = as_code(best.result.setting, result.kind);
  if (result.best != 0)
    return fmt::format("use: {}\n{} as fast as now (measured): {} -> {} items/s", code,
                       factor_text(result.speedup()), rate_text(now.result.items_per_s.value),
                       rate_text(best.result.items_per_s.value));
  const char* const what = result.trials.size() == 1
                               ? "the job as it is was measured alone"
                               : "the present setting is as fast as any that was tried";
  return fmt::format("keep: {}\n{}: {}, the loop waits for data {} of its time", code, what,
                     to_string(now.verdict.label),
                     percent_text(now.verdict.input_wait_share.value));
}

}  // namespace

double TuneResult::speedup() const {
  const double now = trials.front().result.items_per_s.value;
  const double best_rate = trials[best].result.items_per_s.value;
  return now > 0 ? best_rate / now * gain_over_epochs : 1;
}

std::string trial_line(const TuneTrial& trial) {
  if (trial.result.failed)
    return fmt::format("{}: not measured: {}", to_text(trial.result.setting), trial.note);
  return fmt::format("{}: {} items/s, {} of the time waiting", to_text(trial.result.setting),
                     rate_text(trial.result.items_per_s.value),
                     percent_text(trial.verdict.input_wait_share.value));
}

std::string tune_text(const TuneResult& result, const TextStyle& style) {
  const auto width = static_cast<std::size_t>(style.width);
  std::vector<Row> rows;
  for (std::size_t i = 0; i < result.trials.size(); ++i)
    rows.push_back(
        row_of(result.trials[i], i == 0 ? "as it is" : "", i == result.best && result.best != 0));
  const std::vector<Column> columns = {
      {"setting", true}, {"items/s", false},   {"95 %", false, 3}, {"forecast", false, 2},
      {"waits", false},  {"verdict", true, 1}, {"", true}};
  std::string out;
  if (!result.loader_name.empty())
    out += "  " + cut(printable(result.loader_name), width - 2) + "\n\n";
  for (const std::string& line : table(columns, rows, width, style.color)) out += line + "\n";
  out += "\n";
  const std::string answer = answer_text(result);
  const std::size_t end = answer.find('\n');
  out += wrap(answer.substr(0, end), width, "  ", "  ");
  out += wrap(answer.substr(end + 1) + ".", width, "  ", "  ");
  const std::size_t tried = result.trials.size();
  out += wrap(fmt::format("{} of {} settings tried; ended because {}.", tried, result.settings,
                          result.why_ended),
              width, "  ", "  ");
  for (const TuneTrial& trial : result.trials)
    if (!trial.note.empty())
      out +=
          wrap(to_text(trial.result.setting) + ": " + printable(trial.note), width, "  ", "    ");
  for (const std::string& note : result.notes) out += wrap(printable(note), width, "  ", "  ");
  return style.utf8 ? out : to_ascii(out);
}

}  // namespace datamon::report
