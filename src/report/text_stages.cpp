// Where the time of a batch goes: one table of those who make batches, one of the
// thread that takes them.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "report/text_job.h"
#include "report/text_layout.h"
#include "report/text_sections.h"
#include "report/text_units.h"

namespace datamon::report {
namespace {

constexpr std::size_t kMostStages = 12;  // rows of a table; the JSON has all
// Makers' stages below this share of their work are named in one line, if that saves any.
constexpr double kSmallShare = 0.01;
constexpr std::size_t kFewestSmall = 3;
// From this share of a stage's time on it matters what is nested in it.
constexpr double kNestedMatters = 0.05;

std::vector<std::string> split_cells(const StageProfile& stage) {
  if (!stage.split.known || !(stage.self_s > 0)) return {"", "", ""};
  const auto part = [&](double s) { return percent_text(std::max(0.0, s) / stage.self_s); };
  return {part(stage.split.cpu_s), part(stage.split.runqueue_s), part(stage.split.blocked_s)};
}

using Stages = std::vector<const StageProfile*>;

bool has_nested(const StageProfile& stage) {
  return !stage.residence && stage.wall_s - stage.self_s > kNestedMatters * stage.wall_s;
}

std::string row_name(const StageProfile& stage) {
  std::string name = printable(stage.name);
  if (name.find('/') != std::string::npos) name = "└ " + name.substr(name.find('/') + 1);
  if (stage.thread == HandoffThread::kFeeder) name += " (feeder)";
  if (stage.thread == HandoffThread::kPin) name += " (pin thread)";
  if (stage.stage_class == StageClass::kWait && has_nested(stage)) name += " (the rest)";
  return cut(name, 22);
}

bool has_parts(const StageProfile& stage, const Stages& among) {
  return std::any_of(among.begin(), among.end(), [&](const StageProfile* other) {
    return other->name.starts_with(stage.name + "/");
  });
}

// Takes the stages out that cost next to nothing, if they are many; never one
// with parts of its own below it, nor the work of a hand-off thread.
Stages take_small(Stages& shown) {
  Stages small, large;
  for (const StageProfile* stage : shown) {
    const bool is_small = stage->share < kSmallShare && stage->thread == HandoffThread::kNone &&
                          !stage->residence && !has_parts(*stage, shown);
    (is_small ? small : large).push_back(stage);
  }
  if (small.size() < kFewestSmall || large.empty()) return {};
  shown = std::move(large);
  return small;
}

// Keeps the heaviest kMostStages, in pipeline order; how many it dropped.
std::size_t drop_lightest(Stages& shown) {
  if (shown.size() <= kMostStages) return 0;
  const std::size_t before = shown.size();
  std::vector<double> self;
  for (const StageProfile* stage : shown) self.push_back(stage->self_s);
  std::nth_element(self.begin(), self.begin() + kMostStages - 1, self.end(), std::greater<>());
  const double least = self[kMostStages - 1];
  std::erase_if(shown, [&](const StageProfile* stage) { return stage->self_s < least; });
  if (shown.size() > kMostStages) shown.resize(kMostStages);
  return before - shown.size();
}

std::string small_stages(const Stages& small) {
  std::vector<std::string> parts;
  double share = 0;
  for (const StageProfile* stage : small) {
    parts.push_back(printable(stage->name));
    share += stage->share;
  }
  return fmt::format("{} in all: {}", percent_text(share), fmt::join(parts, ", "));
}

}  // namespace

std::string Sections::stage_table(bool on_consumer, bool& nested) const {
  std::vector<const StageProfile*> shown;
  for (const StageProfile& stage : profile_.stages)
    if (stage.on_consumer == on_consumer && stage.count > 0) shown.push_back(&stage);
  if (shown.empty()) return "";
  const std::vector<const StageProfile*> small =
      on_consumer ? std::vector<const StageProfile*>{} : take_small(shown);
  const std::size_t left_out = drop_lightest(shown);
  const bool makes = on_consumer && profile_.workers.empty();
  const std::string who = !on_consumer ? "making batches" : makes ? "the loop" : "taking batches";
  const std::vector<Column> columns = {
      {who, true, 0},        {"", true, 0},      {"share", false, 0}, {"count", false, 5},
      {"total", false, 6},   {"self", false, 0}, {"cpu", false, 0},   {"crowded", false, 0},
      {"blocked", false, 0}, {"p50", false, 0},  {"p99", false, 1},   {"bytes", false, 4}};
  std::vector<Row> rows;
  for (const StageProfile* stage : shown) {
    const double share = shown_share(profile_.consumer, *stage);
    nested = nested || has_nested(*stage);
    Row row;
    row.cells = {row_name(*stage),
                 "",
                 stage->residence ? "" : known_percent(share),
                 count_text(static_cast<double>(stage->count)),
                 time_text(stage->wall_s),
                 time_text(stage->self_s)};
    for (std::string& cell : split_cells(*stage)) row.cells.push_back(std::move(cell));
    row.cells.push_back(time_text(stage->p50_ms * 1e-3));
    row.cells.push_back(time_text(stage->p99_ms * 1e-3));
    row.cells.push_back(stage->bytes > 0 ? bytes_text(static_cast<double>(stage->bytes)) : "");
    row.bar_column = 1;
    row.bar_share = share;
    if (stage->stage_class == diagnosis_.verdict.stage &&
        diagnosis_.verdict.stage != StageClass::kOther)
      row.paint = Paint::kYellow;
    rows.push_back(std::move(row));
  }
  std::string out;
  for (const std::string& line : table(columns, rows, width() - 2, style_.color))
    out += "  " + line + "\n";
  if (!small.empty()) out += wrap(small_stages(small), width(), "  ", "    ");
  if (left_out > 0)
    out += wrap_command(
        fmt::format("… and {} smaller stage{}:", left_out, plural(static_cast<double>(left_out))),
        command_about(profile_, "report", "--json"), width(), "  ", "    ");
  return out;
}

std::string Sections::stages() const {
  bool nested = false;
  const std::string makers = stage_table(false, nested), consumer = stage_table(true, nested);
  if (makers.empty() && consumer.empty()) return "  no stage was recorded in steady state\n";
  const std::string note =
      nested ? wrap("share, self: without what is nested; p50, p99: with it", width(), "  ", "  ")
             : "";
  return makers + consumer + painted(note, Paint::kDim, style_.color);
}

}  // namespace datamon::report
