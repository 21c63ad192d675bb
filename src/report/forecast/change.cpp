#include "report/forecast/change.h"

#include <fmt/format.h>

#include <cmath>

#include "report/text_units.h"

namespace datamon::report {
namespace {

std::string number(double value) { return fmt::format("{:.6g}", value); }

// A factor that was worked out has more digits than meaning.
std::string times(double factor) {
  return factor < 100 ? fmt::format("{:.3g}", factor) : number(std::round(factor));
}

std::string signed_percent(double gain, bool unit) {
  const double percent = gain * 100;
  const int digits = std::abs(percent) < 9.95 && std::abs(percent) >= 0.05 ? 1 : 0;
  std::string text = fmt::format("{:+.{}f}", percent, digits);
  if (text == "-0") text = "+0";
  return text + (unit ? " %" : "");
}

}  // namespace

const char* to_string(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::kWorkers:
      return "workers";
    case ChangeKind::kPrefetch:
      return "prefetch";
    case ChangeKind::kBatchSize:
      return "batch-size";
    case ChangeKind::kFaster:
      return "faster";
    case ChangeKind::kCached:
      return "cached";
    case ChangeKind::kPlacement:
      return "placement";
    case ChangeKind::kConsumer:
      return "consumer";
    case ChangeKind::kPersistentWorkers:
      return "persistent-workers";
    case ChangeKind::kNoStragglers:
      return "no-stragglers";
    case ChangeKind::kRanks:
      return "ranks";
  }
  return "workers";
}

std::string to_text(const Change& change) {
  const std::string value = number(change.value);
  const std::string stage =
      change.stage == "handoff" ? "hand-off" : printable(change.stage);  // what people call it
  switch (change.kind) {
    case ChangeKind::kWorkers:
      return fmt::format("{} worker{}", value, plural(change.value));
    case ChangeKind::kPrefetch:
      return fmt::format("prefetch {}", value);
    case ChangeKind::kBatchSize:
      return fmt::format("batches of {}", value);
    case ChangeKind::kFaster:
      return std::isinf(change.value) ? fmt::format("no {}", stage)
                                      : fmt::format("{} {}x as fast", stage, times(change.value));
    case ChangeKind::kCached:
      return "data in memory";
    case ChangeKind::kPlacement:
      if (change.stage == "cpu") return "the reference pipeline on the CPU";
      return change.stage == "gpu" ? "decoding and transforms on the GPU" : "transforms on the GPU";
    case ChangeKind::kConsumer:
      return fmt::format("a step of {}x the time", times(change.value));
    case ChangeKind::kPersistentWorkers:
      return "workers kept between epochs";
    case ChangeKind::kNoStragglers:
      return "no stragglers";
    case ChangeKind::kRanks:
      return fmt::format("{} rank{}", value, plural(change.value));
  }
  return {};
}

std::string to_text(const std::vector<Change>& changes) {
  std::string text;
  for (const Change& change : changes) text += (text.empty() ? "" : ", ") + to_text(change);
  return text.empty() ? "as it is" : text;
}

std::string gain_text(const Forecast& forecast) {
  const Interval& speedup = forecast.speedup;
  const std::string value = signed_percent(speedup.value - 1, true);
  if (forecast.at_most) return "up to about " + value;
  return fmt::format("{} ({} to {})", value, signed_percent(speedup.low - 1, false),
                     signed_percent(speedup.high - 1, true));
}

}  // namespace datamon::report
