#include "report/probe/contrasts.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace datamon::report {
namespace {

using format::ProbeHeader;
using format::ProbeWindow;

// Fewer steps of a window give no mean.
constexpr std::uint64_t kFewestSteps = 4;
// More than this outside the steady work, and what is left says little.
constexpr double kMostUnsteady = 0.5;
constexpr double kNear = 2.0 / 3;

// A window in which steps were made.
struct Window {
  double log_step = 0;
  Works log_work{};  // not finite: not known
};

double logarithm(double value) { return value > 0 ? std::log(value) : -INFINITY; }

std::optional<Window> measured(const ProbeHeader& header, const ProbeWindow& window,
                               const Unsteady& unsteady) {
  if (window.steps < kFewestSteps || window.last_ns <= window.first_ns) return std::nullopt;
  const auto all = static_cast<double>(window.last_ns - window.first_ns);
  const double lost = unsteady ? std::max(0.0, unsteady(window.first_ns, window.last_ns)) : 0;
  if (!(lost <= kMostUnsteady * all)) return std::nullopt;
  Window out;
  out.log_step = std::log((all - lost) / static_cast<double>(window.steps - 1));
  Works work{};
  for (std::uint32_t i = 0; i < header.class_count; ++i) {
    const auto stage_class = static_cast<StageClass>(header.classes[i]);
    work[makes_batches(stage_class) ? 0 : 1] += static_cast<double>(window.own_ns[i]);
  }
  for (std::size_t k = 0; k < kWorks; ++k)
    out.log_work[k] = logarithm(work[k] / static_cast<double>(window.steps));
  return out;
}

using Windows = std::vector<std::optional<Window>>;

// How much the undelayed windows before and behind say of a delayed one; {} if neither is
// known.
struct Nearness {
  double before = 0, behind = 0;
};

Nearness nearness(const Windows& windows, std::size_t before, bool is_first) {
  const bool has_before = windows[before].has_value();
  const bool has_behind = windows[before + format::kProbePeriod].has_value();
  if (has_before && has_behind)
    return is_first ? Nearness{kNear, 1 - kNear} : Nearness{1 - kNear, kNear};
  return {has_before ? 1.0 : 0.0, has_behind ? 1.0 : 0.0};
}

// Fills the values in from the shares.
void sum_up(Contrast& contrast, const Windows& windows) {
  for (const WindowShare& share : contrast.shares) {
    if (share.weight == 0) continue;
    const Window& window = *windows[share.window];
    contrast.log_step += share.weight * window.log_step;
    for (std::size_t k = 0; k < kWorks; ++k)
      contrast.log_work[k] += share.weight * window.log_work[k];
  }
  for (double& work : contrast.log_work)
    if (!std::isfinite(work)) work = 0;
}

}  // namespace

Contrasts find_contrasts(const ProbeRecord& record, const Unsteady& unsteady) {
  Contrasts out;
  if (!record.begun()) return out;
  const ProbeHeader& header = record.header;
  // The last window may have been cut short.
  const std::uint64_t whole = (format::probe_end_ns(header) - header.start_ns) / header.window_ns;
  Windows windows;
  for (std::size_t i = 0; i < record.windows.size() && i < whole; ++i) {
    windows.push_back(measured(header, record.windows[i], unsteady));
    out.windows += windows.back().has_value();
  }
  windows.resize(windows.size() + format::kProbePeriod);  // so that each has one behind it
  for (std::size_t i = 0; i + format::kProbePeriod < windows.size(); ++i) {
    const std::uint16_t stage_class = format::probe_class_in(header, i);
    if (stage_class == 0 || !windows[i]) continue;
    const std::size_t before = i - i % format::kProbePeriod;
    const Nearness near = nearness(windows, before, i - before == 1);
    const auto place = static_cast<std::size_t>(
        std::find(header.classes, header.classes + header.class_count, stage_class) -
        header.classes);
    const auto own = static_cast<double>(record.windows[i].own_ns[place]);
    if (near.before + near.behind == 0 || !(own > 0)) continue;
    Contrast contrast;
    contrast.place = place;
    contrast.dose = static_cast<double>(record.windows[i].added_ns) / own;
    contrast.shares = {
        {{i, 1}, {before, -near.before}, {before + format::kProbePeriod, -near.behind}}};
    sum_up(contrast, windows);
    out.delayed.push_back(contrast);
  }
  return out;
}

}  // namespace datamon::report
