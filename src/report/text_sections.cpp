#include "report/text_sections.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "report/diagnosis_evidence.h"
#include "report/loader_notes.h"
#include "report/text_job.h"
#include "report/text_layout.h"
#include "report/text_units.h"

namespace datamon::report {
namespace {

constexpr std::size_t kMostProblems = 3;
// Below, a file was slow because its thread had no CPU.
constexpr double kNotableStorageShare = 0.05;
constexpr double kNotablePressure = 0.01;
constexpr double kScarceMemory = 0.2;    // of all: less can push data out of the page cache
constexpr std::size_t kMostWorkers = 4;  // one line each; more are summed up

// "a · b · c" of those that are not empty.
std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts)
    if (!part.empty()) out += (out.empty() ? "" : " · ") + part;
  return out;
}

std::string share_of_life(const WorkerProfile& worker, double busy_s) {
  return known_percent(worker.alive_s > 0 ? std::min(1.0, busy_s / worker.alive_s) : 0);
}

// A job that worked for less has a share that says nothing: the monitor's start-up and
// its sampler cost as much as they do beside an hour of work.
constexpr double kShortestForShare_s = 1.0;

std::string cost_text(const MonitorCost& cost) {
  if (cost.busy_s < kShortestForShare_s) return fmt::format("cost {}", time_text(cost.cost_s));
  return fmt::format("cost {} of the job's busy time", known_percent(cost.cost_share));
}

// "cpu 96 %" of the pressures that are known and not zero.
std::string pressure_text(const MachineProfile& machine) {
  const std::pair<const char*, double> pressures[] = {{"cpu", machine.psi_cpu_some},
                                                      {"io", machine.psi_io_some},
                                                      {"memory", machine.psi_memory_some}};
  std::vector<std::string> parts;
  bool known = false;
  for (const auto& [name, share] : pressures) {
    known |= std::isfinite(share);
    if (std::isfinite(share) && share >= kNotablePressure)
      parts.push_back(fmt::format("{} {}", name, percent_text(share)));
  }
  if (!known) return "";
  return parts.empty() ? "no pressure" : fmt::format("pressure: {}", fmt::join(parts, ", "));
}

// What belongs to no loader (files that are read before there is one) has a number, too.
bool is_loader(const LoaderVerdict& loader) { return loader.steps > 0 || !loader.name.empty(); }

}  // namespace

std::string Sections::heading(const std::string& text) const {
  return "  " + painted(text, Paint::kBold, style_.color) + "\n";
}

std::string Sections::fact(const std::string& name, const std::string& text) const {
  if (text.empty()) return "";
  return wrap(text, width(), "  " + pad_right(name, 10), std::string(12, ' '));
}

std::string Sections::loader() const {
  const JobFacts& job = profile_.job;
  const bool many = profile_.loaders.size() > 1;
  std::string name = printable(profile_.loader_name);
  if (many) name = fmt::format("{} {}", profile_.loader, name);
  // "torchvision.datasets.folder.ImageFolder" says no more than "train: ImageFolder".
  const std::string kind = job.dataset.substr(job.dataset.rfind('.') + 1);
  const bool named = !kind.empty() && profile_.loader_name.find(kind) != std::string::npos;
  std::vector<std::string> parts = {name, named ? "" : printable(job.dataset)};
  if (job.batch_size > 0) parts.push_back(fmt::format("batches of {}", job.batch_size));
  if (job.prefetch > 0 && !profile_.workers.empty())
    parts.push_back(fmt::format("{} prefetched a worker", job.prefetch));
  parts.push_back(printable(job.start_method));
  if (job.persistent_workers >= 0 && !profile_.workers.empty())
    parts.emplace_back(job.persistent_workers == 1 ? "workers kept between epochs"
                                                   : "workers anew each epoch");
  if (job.pin_memory == 1) parts.emplace_back("pinned");
  parts.push_back(printable(job.adapter));
  const bool said = !profile_.loader_name.empty() || !job.dataset.empty() || !job.adapter.empty();
  if (!many && !said) return "";
  return fact("loader", joined(parts));
}

std::string Sections::loaders() const {
  if (std::count_if(diagnosis_.loaders.begin(), diagnosis_.loaders.end(), is_loader) < 2) return "";
  std::vector<Row> rows;
  for (const LoaderVerdict& loader : diagnosis_.loaders) {
    if (!is_loader(loader)) continue;
    Row row;
    row.cells = {fmt::format("{} {}", loader.number, cut(printable(loader.name), 40)),
                 loader.number == profile_.loader ? "(above)" : "",
                 count_text(static_cast<double>(loader.steps)),
                 percent_text(loader.input_wait_share), to_string(loader.label)};
    rows.push_back(std::move(row));
  }
  const std::vector<Column> columns = {{"data loaders", true, 0},
                                       {"", true, 0},
                                       {"steps", false, 0},
                                       {"wait", false, 0},
                                       {"verdict", true, 0}};
  std::string out;
  for (const std::string& line : table(columns, rows, width() - 2, style_.color))
    out += "  " + line + "\n";
  if (profile_.loaders.size() > diagnosis_.loaders.size())
    out += fmt::format("  … and {} more\n", profile_.loaders.size() - diagnosis_.loaders.size());
  for (const LoaderVerdict& loader : diagnosis_.loaders) {
    if (loader.number == profile_.loader || !is_loader(loader)) continue;
    return out + wrap_command(
                     "see another one:",
                     command_about(profile_, "report", fmt::format("--loader {}", loader.number)),
                     width(), "  ", "    ");
  }
  return out;
}

// Of several ranks "RANK.WORKER".
std::string Sections::number_of(const WorkerProfile& worker) const {
  return profile_.job.ranks > 1 ? fmt::format("{}.{}", worker.rank, worker.index)
                                : std::to_string(worker.index);
}

std::string Sections::workers() const {
  const auto& workers = profile_.workers;
  if (workers.empty()) return "";
  double busy = 0, alive = 0, low = 1, high = 0, feeding = 0, fed = 0;
  const WorkerProfile* slowest = nullptr;
  for (const WorkerProfile& worker : workers) {
    const double share = worker.alive_s > 0 ? std::min(1.0, worker.busy_s / worker.alive_s) : 0;
    busy += worker.busy_s;
    alive += worker.alive_s;
    feeding += worker.feeder_busy_s;
    fed += worker.has_feeder ? worker.alive_s : 0;
    low = std::min(low, share);
    high = std::max(high, share);
    if (slowest == nullptr || worker.batch_p50_ms > slowest->batch_p50_ms) slowest = &worker;
  }
  const std::string name = std::string(workers.front().has_role ? "worker" : "thread") +
                           plural(static_cast<double>(workers.size()));
  std::string out;
  if (workers.size() <= kMostWorkers) {
    std::vector<std::string> parts;
    for (const WorkerProfile& worker : workers)
      parts.push_back(fmt::format(
          "{}: busy {}{}, {} batch{}, {} each{}", number_of(worker),
          share_of_life(worker, worker.busy_s),
          worker.has_feeder ? ", feeder " + share_of_life(worker, worker.feeder_busy_s) : "",
          worker.batches, plural(static_cast<double>(worker.batches), "", "es"),
          time_text(worker.batch_p50_ms * 1e-3), worker.ended_early ? ", ENDED EARLY" : ""));
    out = fact(name, joined(parts));
  } else {
    out = fact(name, fmt::format(
                         "{} of them, busy {} of the time ({} to {}){} · slowest: worker {}, {} a "
                         "batch",
                         workers.size(), known_percent(alive > 0 ? std::min(1.0, busy / alive) : 0),
                         percent_text(low), percent_text(high),
                         fed > 0 ? fmt::format(", their feeders {}",
                                               percent_text(std::min(1.0, feeding / fed)))
                                 : "",
                         number_of(*slowest), time_text(slowest->batch_p50_ms * 1e-3)));
    for (const WorkerProfile& worker : workers)
      if (worker.ended_early)
        out += fact("", fmt::format("worker {} (pid {}) ended early, without a word",
                                    number_of(worker), worker.pid));
  }
  return out;
}

std::string Sections::not_measured() const {
  if (!profile_.import) return "not measured (datamon doctor says why)";
  return profile_.import->format == ImportFormat::kKineto ? "not in the trace" : "not in the log";
}

std::string Sections::cores() const {
  const MachineProfile& machine = profile_.machine;
  std::vector<std::string> parts;
  if (std::isfinite(machine.cores_used_total) && machine.cores_allowed > 0) {
    std::string text = fmt::format("{} of {} in use", cores_text(machine.cores_used_total),
                                   cores_text(machine.cores_allowed));
    if (std::isfinite(machine.cores_used_job))
      text +=
          fmt::format(" (this job {}, others {})", cores_text(machine.cores_used_job),
                      cores_text(std::max(0.0, machine.cores_used_total - machine.cores_used_job)));
    parts.push_back(text);
  } else {
    parts.push_back(not_measured());
  }
  if (std::isfinite(machine.throttled_share) && machine.throttled_share > 0.005)
    parts.push_back(
        fmt::format("stopped by the CPU limit {}", percent_text(machine.throttled_share)));
  parts.push_back(pressure_text(machine));
  if (!machine.gpu.empty())
    parts.push_back(
        fmt::format("{} busy {}", printable(machine.gpu), known_percent(machine.gpu_busy_share)));
  return fact("cores", joined(parts));
}

std::string Sections::storage() const {
  const MachineProfile& machine = profile_.machine;
  std::vector<std::string> parts;
  if (std::isfinite(machine.disk_read_bytes_per_s)) {
    std::string text =
        fmt::format("{}{}/s", machine.disk.empty() ? "" : printable(machine.disk) + " ",
                    bytes_text(machine.disk_read_bytes_per_s));
    if (std::isfinite(machine.disk_busy_share))
      text += fmt::format(", busy {}", percent_text(machine.disk_busy_share));
    if (machine.disk_read_latency_ms > 0 && machine.disk_read_bytes_per_s > 0)
      text += fmt::format(", {} a read", time_text(machine.disk_read_latency_ms * 1e-3));
    parts.push_back(text);
  }
  if (std::isfinite(machine.page_cache_hit_share))
    parts.push_back(
        fmt::format("{} from the page cache", percent_text(machine.page_cache_hit_share)));
  // Plenty of memory is no news, and the page has to fit a screen.
  if (machine.memory_available_bytes < kScarceMemory * machine.memory_total_bytes)
    parts.push_back(fmt::format("memory {} of {} free", bytes_text(machine.memory_available_bytes),
                                bytes_text(machine.memory_total_bytes)));
  return fact("disk", joined(parts));
}

std::string Sections::files() const {
  const FilesProfile& files = profile_.files;
  if (!files.present || files.distinct == 0) return "";
  std::vector<std::string> parts;
  std::string text =
      fmt::format("{}{} data file{}", files.distinct_estimated ? "about " : "",
                  count_text(static_cast<double>(files.distinct)), files.distinct == 1 ? "" : "s");
  const double each = static_cast<double>(files.uses) / static_cast<double>(files.distinct);
  if (each > 1.005) text += fmt::format(", each opened {:.{}f} times", each, each < 10 ? 1 : 0);
  parts.push_back(text);
  const double storage_share = files.bytes_read > 0
                                   ? std::min(1.0, static_cast<double>(files.storage_bytes) /
                                                       static_cast<double>(files.bytes_read))
                                   : 0;
  if (files.reads > 0)
    parts.push_back(fmt::format("{} read in {}, {} of it from storage",
                                bytes_text(static_cast<double>(files.bytes_read)),
                                time_text(files.read_s), percent_text(storage_share)));
  if (files.bytes_mapped > 0)
    parts.push_back(fmt::format("{} mapped", bytes_text(static_cast<double>(files.bytes_mapped))));
  std::string out = fact("files", joined(parts));
  if (storage_share < kNotableStorageShare || files.slowest.empty()) return out;
  const FileProfile& worst = files.slowest.front();
  return out + fact("", fmt::format("slowest file: {}, {} for {}",
                                    cut_front(printable(worst.path), width() / 2),
                                    time_text(worst.read_s),
                                    bytes_text(static_cast<double>(worst.bytes_read))));
}

std::string Sections::phases() const {
  double start_up = 0, idle = 0;
  for (const Phase& phase : profile_.phases) {
    const double length = std::max(0.0, finite_or(phase.end_s - phase.start_s, 0));
    if (phase.kind == PhaseKind::kStartUp) start_up += length;
    if (phase.kind == PhaseKind::kIdle) idle += length;
  }
  const EpochBoundaries boundaries = epoch_boundaries(profile_.phases);
  std::vector<std::string> parts;
  if (profile_.consumer.present)
    parts.push_back(fmt::format("{} until the first batch, {} in all (not counted above)",
                                time_text(profile_.consumer.first_batch_s), time_text(start_up)));
  if (boundaries.count > 0)
    parts.push_back(fmt::format("{} epoch boundar{}: {}", boundaries.count,
                                boundaries.count == 1 ? "y" : "ies",
                                time_text(boundaries.total_s)));
  if (idle > 0) parts.push_back(fmt::format("idle {}", time_text(idle)));
  return fact("start-up", joined(parts));
}

std::string Sections::monitor() const {
  const MonitorCost& cost = profile_.monitor;
  std::vector<std::string> parts = {
      cost_text(cost),
      fmt::format("{} span{}, {} dropped", count_text(static_cast<double>(cost.spans)),
                  plural(static_cast<double>(cost.spans)),
                  count_text(static_cast<double>(cost.dropped))),
      bytes_text(static_cast<double>(cost.bytes))};
  if (cost.mismatched_ends > 0)
    parts.push_back(fmt::format("{} end{} without a begin", cost.mismatched_ends,
                                plural(static_cast<double>(cost.mismatched_ends))));
  return fact("monitor", joined(parts));
}

std::string Sections::workers_and_machine() const {
  return loader() + data() + workers() + cores() + storage() + gpus() + files() + phases() +
         (profile_.import ? source() : monitor());
}

std::string Sections::slow_items() const {
  if (!is_among(diagnosis_.verdict.qualifiers, Qualifier::kStragglerItems)) return "";
  std::string out = heading("the slowest items");
  for (std::size_t i = 0; i < profile_.slow_items.size() && i < kMostProblems; ++i) {
    const SlowItem& item = profile_.slow_items[i];
    const std::string name =
        item.name.empty() ? fmt::format("item {}", item.id) : printable(item.name);
    std::string parts;
    auto heaviest = item.parts_ms;
    std::stable_sort(heaviest.begin(), heaviest.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    if (heaviest.size() > 2) heaviest.resize(2);
    for (const auto& [stage, ms] : heaviest)
      parts += fmt::format("{}{} {}", parts.empty() ? "  " : ", ", printable(stage),
                           time_text(ms * 1e-3));
    out += "  " + pad_left(time_text(item.duration_ms * 1e-3), 8) + "  " +
           cut_front(name, std::max<std::size_t>(20, width() / 2)) + cut(parts, width() / 3) + "\n";
  }
  return profile_.slow_items.empty() ? "" : out;
}

std::string Sections::problems() const {
  if (profile_.problems.empty()) return "";
  std::string out =
      heading(profile_.import ? "problems with the file" : "problems with the recording");
  // What the job itself says is missing comes first, all of it.
  std::size_t shown = 0;
  while (shown < profile_.problems.size() && is_jobs_own(profile_.problems[shown])) ++shown;
  shown = std::min(std::max(shown, kMostProblems), profile_.problems.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const Problem& problem = profile_.problems[i];
    out += wrap(fmt::format("{}: {}", printable(problem.file), printable(problem.what)), width(),
                "  - ", "    ");
  }
  if (profile_.problems.size() > shown)
    out += wrap_command(fmt::format("and {} more:", profile_.problems.size() - shown),
                        command_about(profile_, "report", "--json"), width(), "  - ", "    ");
  return out;
}

std::string Sections::next() const {
  return painted("  next: " + diagnosis_.next, Paint::kCyan, style_.color) + "\n";
}

}  // namespace datamon::report
