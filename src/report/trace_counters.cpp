#include "report/trace_counters.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace datamon::report {
namespace {

// One line of a counter track: from which column, and how it is shown.
struct Series {
  std::string name;
  std::size_t column = 0;
  std::optional<std::size_t> per;  // growth of this column for each of that one's, not each second
  bool grows = false;
  double factor = 1;  // to the unit shown
};

struct Chart {
  std::string name;
  std::vector<Series> series;
};

struct Known {
  std::string_view metric;  // '*' stands for the device's name or number
  std::string_view chart;   // '*' likewise
  std::string_view series;
  double factor;
  std::string_view per = {};
};

constexpr double kMega = 1e-6, kGiga = 1e-9, kNsToSeconds = 1e-9, kShareToPercent = 1e-7;

// Viewers show a chart's name and a series' name one after the other. The
// charts in the order to be shown; columns that are missing here are shown
// under their own names. docs/metrics.md says what each column is.
constexpr Known kKnown[] = {
    {"cpu.user", "CPU cores used", "user", kNsToSeconds},
    {"cpu.system", "CPU cores used", "system", kNsToSeconds},
    {"cpu.irq", "CPU cores used", "interrupts", kNsToSeconds},
    {"cpu.steal", "CPU cores used", "steal", kNsToSeconds},
    {"cpu.iowait", "CPU idle, waiting for IO", "cores", kNsToSeconds},
    {"cores.allowed", "CPU limit", "cores", 1},
    {"cpu.throttled", "CPU stopped by the cgroup limit", "cores", kNsToSeconds},
    {"run.queue", "threads running or ready", "count", 1},
    {"run.blocked", "threads blocked", "count", 1},
    {"context.switches", "context switches", "per s", 1},
    {"psi.cpu.some", "pressure %", "cpu some", kShareToPercent},
    {"psi.io.some", "pressure %", "io some", kShareToPercent},
    {"psi.io.full", "pressure %", "io full", kShareToPercent},
    {"psi.memory.some", "pressure %", "memory some", kShareToPercent},
    {"psi.memory.full", "pressure %", "memory full", kShareToPercent},
    {"cgroup.psi.cpu.some", "pressure in the cgroup %", "cpu some", kShareToPercent},
    {"cgroup.psi.io.some", "pressure in the cgroup %", "io some", kShareToPercent},
    {"cgroup.psi.io.full", "pressure in the cgroup %", "io full", kShareToPercent},
    {"cgroup.psi.memory.some", "pressure in the cgroup %", "memory some", kShareToPercent},
    {"cgroup.psi.memory.full", "pressure in the cgroup %", "memory full", kShareToPercent},
    {"disk.*.read_bytes", "disk * MB/s", "read", kMega},
    {"disk.*.write_bytes", "disk * MB/s", "written", kMega},
    {"disk.*.reads", "disk * reads", "per s", 1},
    {"disk.*.read_ns", "disk * read latency", "ms", kMega, "disk.*.reads"},
    {"disk.*.busy_ns", "disk * busy", "%", kShareToPercent},
    {"disk.*.in_flight", "disk * under way", "requests", 1},
    {"memory.available", "memory GB", "available", kGiga},
    {"memory.page_cache", "memory GB", "page cache", kGiga},
    {"cgroup.memory.used", "memory GB", "used by the cgroup", kGiga},
    {"page.major_faults", "page faults that read", "per s", 1},
    {"page.refaults", "file pages read again", "per s", 1},
    {"page.in_bytes", "read from disks into memory", "MB/s", kMega},
    {"net.receive_bytes", "network MB/s", "received", kMega},
    {"net.send_bytes", "network MB/s", "sent", kMega},
    {"gpu.*.busy", "GPU * %", "busy", 1},
    {"gpu.*.memory_busy", "GPU * %", "memory busy", 1},
    {"gpu.*.decoder", "GPU * %", "video decoder", 1},
    {"gpu.*.jpeg", "GPU * %", "JPEG decoder", 1},
    {"gpu.*.memory_used", "GPU * memory used", "GB", kGiga},
    {"gpu.*.pcie_rx", "GPU * PCIe MB/s", "received", kMega},
    {"gpu.*.pcie_tx", "GPU * PCIe MB/s", "sent", kMega},
    {"gpu.*.sm_clock", "GPU * SM clock", "MHz", 1},
};
// Facts and bookkeeping that make no useful chart.
constexpr std::string_view kHidden[] = {"cores.online",       "cpu.idle",
                                        "memory.total",       "cgroup.memory.limit",
                                        "gpu.*.memory_total", "gpu.*.throttle",
                                        "sampler.cpu",        "sampler.interval",
                                        "cpu.periods",        "cpu.throttled_periods"};

// What '*' of the pattern stands for in `name`; nullopt if it does not match.
std::optional<std::string_view> match(std::string_view pattern, std::string_view name) {
  const std::size_t star = pattern.find('*');
  if (star == pattern.npos)
    return pattern == name ? std::optional(std::string_view{}) : std::nullopt;
  const std::string_view head = pattern.substr(0, star), tail = pattern.substr(star + 1);
  if (name.size() <= head.size() + tail.size() || !name.starts_with(head) || !name.ends_with(tail))
    return std::nullopt;
  return name.substr(star, name.size() - head.size() - tail.size());
}

std::string fill_in(std::string_view pattern, std::string_view device) {
  const std::size_t star = pattern.find('*');
  if (star == pattern.npos) return std::string(pattern);
  return fmt::format("{}{}{}", pattern.substr(0, star), device, pattern.substr(star + 1));
}

class ChartList {
 public:
  explicit ChartList(const Samples& samples) : samples_(samples) {
    std::vector<bool> shown(samples.metrics.size(), false);
    for (const Known& known : kKnown)
      for (std::size_t i = 0; i < samples.metrics.size(); ++i)
        if (const auto device = match(known.metric, samples.metrics[i].name)) {
          add_known(known, i, *device);
          shown[i] = true;
        }
    for (std::size_t i = 0; i < samples.metrics.size(); ++i)
      if (!shown[i] && !hidden(samples.metrics[i].name)) add_unknown(i);
  }
  std::vector<Chart> take() { return std::move(charts_); }

 private:
  static bool hidden(std::string_view name) {
    return std::any_of(std::begin(kHidden), std::end(kHidden),
                       [&](std::string_view pattern) { return match(pattern, name).has_value(); });
  }

  void add(const std::string& chart, Series series) {
    auto place = std::find_if(charts_.begin(), charts_.end(),
                              [&](const Chart& c) { return c.name == chart; });
    if (place == charts_.end()) place = charts_.insert(charts_.end(), {chart, {}});
    // Two columns of one name (damage): a JSON object must not have a key twice.
    for (const Series& other : place->series)
      if (other.name == series.name) return;
    place->series.push_back(std::move(series));
  }

  void add_known(const Known& known, std::size_t column, std::string_view device) {
    Series series{std::string(known.series), column, std::nullopt, grows(column), known.factor};
    if (!known.per.empty()) {
      series.per = samples_.find(fill_in(known.per, device));
      if (!series.per) return;
    }
    add(fill_in(known.chart, device), std::move(series));
  }

  void add_unknown(std::size_t column) {
    const Metric& metric = samples_.metrics[column];
    const bool bytes = metric.unit == "bytes";
    std::string unit = bytes ? "MB" : metric.unit == "1" ? "" : metric.unit;
    if (grows(column)) unit += unit.empty() ? "per s" : "/s";
    if (unit.empty()) unit = "value";
    add(metric.name, {unit, column, std::nullopt, grows(column), bytes ? kMega : 1});
  }

  bool grows(std::size_t column) const {
    return samples_.metrics[column].kind == format::MetricKind::kCounter;
  }

  const Samples& samples_;
  std::vector<Chart> charts_;
};

// The value of a series at a row; nullopt if it could not be read.
std::optional<double> value_at(const Series& series, const double* row, const double* before,
                               double elapsed_s) {
  double value = row[series.column];
  if (series.grows) {
    if (before == nullptr) return std::nullopt;
    value -= before[series.column];
    const double by = series.per ? row[*series.per] - before[*series.per] : elapsed_s;
    if (value < 0 || !(by >= 0)) return std::nullopt;  // the counter began anew
    if (by == 0) return std::nullopt;
    value /= by;
  }
  value *= series.factor;
  if (!std::isfinite(value)) return std::nullopt;
  return value;
}

// Rates hold for the time between two rows, so they are drawn from the earlier
// one on; the last of them ends with its row.
class ChartWriter {
 public:
  ChartWriter(std::uint64_t pid, TraceEvents& events) : pid_(pid), events_(events) {}

  void write(const Chart& chart, const Samples& samples, const TickMap& map,
             const TimeWindow& window) {
    const double* before = nullptr;
    std::int64_t before_ns = -1;
    bool rates = false;
    for (const Series& series : chart.series) rates = rates || series.grows;
    for (std::size_t i = 0; i < samples.rows.size(); ++i) {
      const std::int64_t ns = map.ns(samples.row_ticks[i]);
      if (ns <= before_ns) continue;  // out of order: damage, or another clock
      values_.clear();
      for (const Series& series : chart.series) {
        const double elapsed_s = static_cast<double>(ns - before_ns) * 1e-9;
        if (const auto value = value_at(series, samples.rows[i], before, elapsed_s))
          values_.push_back({series.name, *value});
      }
      const std::int64_t at = rates ? std::max(before_ns, window.begin) : ns;
      if (!values_.empty() && window.touches(at, ns)) {
        events_.counter(pid_, chart.name, at, values_);
        if (rates && i + 1 == samples.rows.size()) events_.counter(pid_, chart.name, ns, values_);
      }
      before = samples.rows[i];
      before_ns = ns;
    }
  }

 private:
  std::uint64_t pid_;
  TraceEvents& events_;
  std::vector<CounterSeries> values_;
};

// The CPU and memory use of each process, found by its pid on the sampled host.
class ProcessMeter {
 public:
  ProcessMeter(std::uint64_t pid, const TickMap& map, const TimeWindow& window, TraceEvents& events)
      : pid_(pid), map_(map), window_(window), events_(events) {}

  void add_process(std::uint32_t pid, const std::string& name) {
    processes_[pid] = {"CPU of " + name, "memory of " + name, -1, 0};
  }

  void add(const format::ProcessSample& sample) {
    const auto place = processes_.find(sample.pid);
    if (place == processes_.end()) return;
    Metered& process = place->second;
    const std::int64_t ns = map_.ns(sample.ticks);
    if (ns < 0 || ns <= process.last_ns) return;
    if (process.last_ns >= 0 && sample.cpu_ns >= process.cpu_ns)
      show(process.cpu_chart, "cores", process.last_ns, ns,
           static_cast<double>(sample.cpu_ns - process.cpu_ns) /
               static_cast<double>(ns - process.last_ns));
    show(process.memory_chart, "MB", ns, ns, static_cast<double>(sample.rss_bytes) * kMega);
    process.last_ns = ns;
    process.cpu_ns = sample.cpu_ns;
  }

  // Nothing is known behind the last samples.
  void finish() {
    for (const auto& [pid, process] : processes_) {
      if (process.last_ns < 0) continue;
      show(process.cpu_chart, "cores", process.last_ns, process.last_ns, 0);
      show(process.memory_chart, "MB", process.last_ns + 1, process.last_ns + 1, 0);
    }
  }

 private:
  struct Metered {
    std::string cpu_chart, memory_chart;
    std::int64_t last_ns = -1;
    std::uint64_t cpu_ns = 0;
  };

  // `value` holds from `from_ns` to `to_ns`.
  void show(const std::string& chart, std::string_view series, std::int64_t from_ns,
            std::int64_t to_ns, double value) {
    if (!window_.touches(from_ns, to_ns)) return;
    const CounterSeries only{series, value};
    events_.counter(pid_, chart, std::max(from_ns, window_.begin), {&only, 1});
  }

  const std::uint64_t pid_;
  const TickMap& map_;
  const TimeWindow& window_;
  TraceEvents& events_;
  std::map<std::uint32_t, Metered> processes_;
};

}  // namespace

void write_counters(const Recording& recording, const TraceTimeline& timeline,
                    const TraceIdentity& identity, const TimeWindow& window, TraceEvents& events) {
  const std::vector<ProcessFile>& files = recording.processes();
  for (std::size_t i = 0; i < files.size(); ++i) {
    const Samples& samples = files[i].samples;
    const ProcessTime& time = timeline.processes[i];
    if (!samples.rows.empty()) {
      ChartWriter writer(identity.machines[time.host].pid, events);
      for (const Chart& chart : ChartList(samples).take())
        writer.write(chart, samples, time.map, window);
    }
    if (samples.processes.empty()) continue;
    ProcessMeter meter(identity.process_meters[time.host].pid, time.map, window, events);
    for (std::size_t other = 0; other < files.size(); ++other)
      if (timeline.processes[other].host == time.host)
        meter.add_process(files[other].header.pid, identity.process_name[other]);
    for (const auto& moment : samples.processes)
      for (const format::ProcessSample& sample : moment) meter.add(sample);
    meter.finish();
  }
}

}  // namespace datamon::report
