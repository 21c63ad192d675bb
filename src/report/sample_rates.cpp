#include "report/sample_rates.h"

#include <cmath>
#include <map>

namespace datamon::report {

SampleRates::SampleRates(const ProcessFile& process, const TimeAxis& axis, const Stretches& steady)
    : process_(process), axis_(axis), steady_(steady) {
  const auto& ticks = process.samples.row_ticks;
  bool any = false;
  for (std::size_t i = 1; i < ticks.size() && !any; ++i)
    any = counts(axis_.at(ticks[i - 1]), axis_.at(ticks[i]));
  anywhere_ = !any;
}

// The time between two rows counts when its middle is steady.
bool SampleRates::counts(double from_s, double to_s) const {
  return anywhere_ || contains(steady_, (from_s + to_s) / 2);
}

SampleRates::Growth SampleRates::growth(std::string_view metric) const {
  Growth sum;
  const auto column = process_.samples.find(metric);
  if (!column) return sum;
  const auto& rows = process_.samples.rows;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const double from_s = axis_.at(process_.samples.row_ticks[i - 1]);
    const double to_s = axis_.at(process_.samples.row_ticks[i]);
    const double grown = rows[i][*column] - rows[i - 1][*column];
    // Not for NaN, nor for a counter that was set back.
    if (!counts(from_s, to_s) || !(grown >= 0) || !std::isfinite(grown)) continue;
    sum.amount += grown;
    sum.seconds += to_s - from_s;
  }
  return sum;
}

double SampleRates::rate(std::string_view metric) const {
  const Growth grown = growth(metric);
  return grown.seconds > 0 ? grown.amount / grown.seconds : kNotKnown;
}

double SampleRates::best_rate(std::string_view metric) const {
  constexpr double kLongEnough_s = 1;  // shorter ones are bursts into a device's own cache
  const auto column = process_.samples.find(metric);
  if (!column) return kNotKnown;
  const auto& rows = process_.samples.rows;
  double best = kNotKnown;
  for (std::size_t from = 0, to = 0; to < rows.size(); ++to) {
    const auto seconds = [&](std::size_t row) {
      return axis_.at(process_.samples.row_ticks[to]) - axis_.at(process_.samples.row_ticks[row]);
    };
    while (from + 1 < to && seconds(from + 1) >= kLongEnough_s) ++from;
    const double grown = rows[to][*column] - rows[from][*column];
    if (!(seconds(from) >= kLongEnough_s) || !(grown >= 0) || !std::isfinite(grown)) continue;
    if (!(grown / seconds(from) <= best)) best = grown / seconds(from);
  }
  return best;
}

double SampleRates::ratio(std::string_view metric, std::string_view per) const {
  const double amount = growth(metric).amount, units = growth(per).amount;
  return has(metric) && units > 0 ? amount / units : kNotKnown;
}

double SampleRates::mean(std::string_view metric) const {
  const auto column = process_.samples.find(metric);
  if (!column) return kNotKnown;
  double sum = 0, seconds = 0;
  const auto& rows = process_.samples.rows;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    // A row speaks for the time since the one before; a single row for itself.
    const double to_s = axis_.at(process_.samples.row_ticks[i]);
    const double from_s = i > 0 ? axis_.at(process_.samples.row_ticks[i - 1]) : to_s;
    const double value = rows[i][*column];
    if (!std::isfinite(value) || (!counts(from_s, to_s) && rows.size() > 1)) continue;
    const double weight = i > 0 ? to_s - from_s : 1e-9;
    sum += value * weight;
    seconds += weight;
  }
  return seconds > 0 ? sum / seconds : kNotKnown;
}

std::vector<std::string> SampleRates::names_between(std::string_view prefix,
                                                    std::string_view suffix) const {
  std::vector<std::string> names;
  for (const Metric& metric : process_.samples.metrics) {
    const std::string_view name = metric.name;
    if (name.size() > prefix.size() + suffix.size() && name.starts_with(prefix) &&
        name.ends_with(suffix))
      names.emplace_back(name.substr(prefix.size(), name.size() - prefix.size() - suffix.size()));
  }
  return names;
}

// Sums what each process grew by between two looks at it. One that is new has begun since
// the look before: all that it has used counts. What one used up that has ended is not known: the
// time between looks that saw different processes counts only where there is no other.
template <typename Read>
double SampleRates::process_rate(Read read) const {
  struct Seen {
    double at_s, value;
  };
  Growth same, any;
  std::map<std::uint32_t, Seen> seen;
  double before_s = 0;
  std::size_t before = 0;  // how many were read then
  bool first = true;
  for (const auto moment : process_.samples.processes) {
    const double at_s = axis_.at(moment.front().ticks);
    const bool counted = !first && at_s > before_s && counts(before_s, at_s);
    double amount = 0;
    std::size_t now = 0, again = 0;
    for (const format::ProcessSample& sample : moment) {
      const double value = read(sample);
      if (std::isnan(value)) continue;
      ++now;
      const auto at = seen.find(sample.pid);
      if (at != seen.end() && at->second.at_s == before_s) ++again;
      const double before_value = at == seen.end() ? 0 : at->second.value;
      if (value >= before_value) amount += value - before_value;
      seen[sample.pid] = {at_s, value};
    }
    if (counted && now > 0) {
      any.add(amount, at_s - before_s);
      if (again == now && again == before) same.add(amount, at_s - before_s);
    }
    before_s = at_s;
    before = now;
    first = false;
  }
  const Growth& sum = same.seconds > 0 ? same : any;
  return sum.seconds > 0 ? sum.amount / sum.seconds : kNotKnown;
}

std::map<std::uint32_t, SampleRates::ProcessLoad> SampleRates::process_loads() const {
  struct Seen {
    double at_s = 0, cpu_s = 0, seconds = 0, used_s = 0, threads = 0;
  };
  std::map<std::uint32_t, Seen> seen;
  for (const auto moment : process_.samples.processes) {
    const double at_s = axis_.at(moment.front().ticks);
    for (const format::ProcessSample& sample : moment) {
      const double cpu_s = static_cast<double>(sample.cpu_ns) * 1e-9;
      const auto [entry, is_new] = seen.try_emplace(sample.pid);
      Seen& process = entry->second;
      const double passed_s = at_s - process.at_s;
      if (!is_new && passed_s > 0 && cpu_s >= process.cpu_s && counts(process.at_s, at_s)) {
        process.seconds += passed_s;
        process.used_s += cpu_s - process.cpu_s;
        process.threads += passed_s * sample.threads;
      }
      process.at_s = at_s;
      process.cpu_s = cpu_s;
    }
  }
  std::map<std::uint32_t, ProcessLoad> out;
  for (const auto& [pid, process] : seen)
    if (process.seconds > 0)
      out[pid] = {process.used_s / process.seconds, process.threads / process.seconds};
  return out;
}

double SampleRates::process_cores() const {
  return process_rate([](const format::ProcessSample& sample) {
    return static_cast<double>(sample.cpu_ns) * 1e-9;
  });
}

double SampleRates::process_read_bytes() const {
  return process_rate([](const format::ProcessSample& sample) {
    return sample.read_bytes == UINT64_MAX ? kNotKnown : static_cast<double>(sample.read_bytes);
  });
}

}  // namespace datamon::report
