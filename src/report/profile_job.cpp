// What the job was, its slowest items, and what the monitor cost it.
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <set>

#include "report/file_header.h"
#include "report/profile_parts.h"

namespace datamon::report {
namespace {

// The process is there now, on this machine: same boot, pid and start time.
bool is_running(const format::FileHeader& header) {
  if (header.end_state != static_cast<std::uint32_t>(format::EndState::kOpen)) return false;
  std::string boot, stat;
  std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), boot);
  if (boot.empty() || boot != text_of(header.boot_id)) return false;
  std::getline(std::ifstream(fmt::format("/proc/{}/stat", header.pid)), stat);
  // Behind the name in brackets, which may hold anything, come fields 3, 4, ... 22.
  std::size_t at = stat.rfind(')');
  for (int field = 3; field <= 22 && at != std::string::npos; ++field) at = stat.find(' ', at + 1);
  if (at == std::string::npos) return false;
  std::uint64_t start = 0;
  std::from_chars(stat.data() + at + 1, stat.data() + stat.size(), start);
  return start == header.process_start;
}

SlowItem to_item(const LoaderTrack& track, const format::SlowRecord& record) {
  SlowItem item;
  const auto name_of = [&](std::uint16_t id) {
    const Stage* stage = track.process->stage(id);
    return stage != nullptr ? stage->name : fmt::format("stage {}", id);
  };
  item.start_s = track.axis.at(record.start);
  item.duration_ms = track.axis.lasting(record.duration) * 1e3;
  item.id = record.id;
  item.bytes = record.bytes;
  item.pid = track.process->header.pid;
  item.stage = name_of(record.stage);
  item.name.assign(record.name, std::min<std::size_t>(record.name_bytes, sizeof record.name));
  const std::size_t parts = std::min(std::size_t{record.parts}, std::size(record.part));
  for (std::size_t i = 0; i < parts; ++i) {
    item.parts_ms.emplace_back(name_of(record.part[i].stage),
                               track.axis.lasting(record.part[i].self_ticks) * 1e3);
  }
  return item;
}

}  // namespace

void fill_job(Profile& profile, const Analysis& analysis) {
  JobFacts& job = profile.job;
  const Recording& recording = analysis.recording;
  job.recording = recording.path().string();
  job.started_realtime_s = static_cast<double>(analysis.timeline.zero_realtime_ns()) * 1e-9;
  job.duration_s = analysis.end_s;
  job.processes = static_cast<int>(recording.processes().size());
  std::set<std::uint32_t> ranks;
  for (const ProcessFile& process : recording.processes()) {
    if (process.header.rank != format::kUnknown) ranks.insert(process.header.rank);
    job.still_running = job.still_running || is_running(process.header);
  }
  job.ranks = std::max({1, static_cast<int>(ranks.size()), consumers_at_once(analysis, true)});
  if (!recording.processes().empty()) {
    const ProcessFile& root = recording.processes().front();
    job.command = root.note("job.command");
    job.ended_cleanly =
        root.header.end_state == static_cast<std::uint32_t>(format::EndState::kExited);
    job.notes = root.notes;
  }
  const LoaderNotes& notes = analysis.notes;
  job.workers = notes.number("workers").value_or(0);
  job.prefetch = notes.number("prefetch").value_or(0);
  job.batch_size = notes.batch_size();
  job.worker_kind = notes.text("worker_kind");
  job.start_method = notes.text("start_method");
  job.dataset = notes.text("dataset");
  job.adapter = job_note(recording, "job.adapter");
  job.persistent_workers = notes.flag("persistent_workers");
  job.pin_memory = notes.flag("pin_memory");
  profile.loader_name = notes.text("name");
  profile.data = data_facts(notes);
}

void fill_slow_items(Profile& profile, const Analysis& analysis) {
  for (const auto* list :
       {&analysis.tracks.consumers, &analysis.tracks.workers, &analysis.tracks.helpers}) {
    for (const LoaderTrack& track : *list)
      for (const format::SlowRecord* record : track.track->slow)
        profile.slow_items.push_back(to_item(track, *record));
  }
  std::stable_sort(profile.slow_items.begin(), profile.slow_items.end(),
                   [](const SlowItem& a, const SlowItem& b) {
                     if (a.duration_ms != b.duration_ms) return a.duration_ms > b.duration_ms;
                     return a.start_s < b.start_s;
                   });
  if (profile.slow_items.size() > kMostSlowItems) profile.slow_items.resize(kMostSlowItems);
}

void fill_cost(Profile& profile, const Analysis& analysis) {
  MonitorCost& cost = profile.monitor;
  double roots = 0, sampled_roots = 0;
  for (const ProcessFile& process : analysis.recording.processes()) {
    const format::FileHeader& header = process.header;
    const double span_cost_s = process.clock.seconds(header.span_cost_ticks_x1024) / 1024;
    cost.bytes += process.file_bytes;
    cost.dropped += header.dropped_spans;
    cost.mismatched_ends += header.mismatched_ends;
    cost.startup_s = std::max(cost.startup_s, process.clock.seconds(header.startup_ticks));
    cost.span_cost_ns = std::max(cost.span_cost_ns, span_cost_s * 1e9);
    std::uint64_t spans = 0;
    for (const Track& track : process.tracks) {
      for (const format::Cell* cell : track.cells) spans += cell->count;
      for (const auto stored : track.spans) cost.stored_spans += stored.size();
      roots += static_cast<double>(track.record.sampled_roots) +
               static_cast<double>(track.record.skipped_roots);
      sampled_roots += static_cast<double>(track.record.sampled_roots);
    }
    cost.spans += spans;
    cost.cost_s += static_cast<double>(spans) * span_cost_s +
                   process.clock.seconds(header.reading_ticks) +
                   static_cast<double>(header.sampler_cpu_ns) * 1e-9;
  }
  if (roots > 0) cost.sampled_share = sampled_roots / roots;

  // Busy thread time, of all loaders: spans of work. Loops that record no compute
  // still compute; of theirs the steady steps count (the share is then rather
  // too high).
  double compute_s = 0;
  const auto& processes = analysis.recording.processes();
  for (std::size_t p = 0; p < processes.size(); ++p)
    for (const Track& track : processes[p].tracks) {
      if (track.record.role == static_cast<std::uint32_t>(Role::kSampler)) continue;
      for (const format::Cell* cell : track.cells) {
        const StageFacts& facts = facts_of(analysis.tracks.tables[p], cell->stage);
        if (!is_work(facts)) continue;
        const double self_s = analysis.timeline.axis(p).lasting(cell->self_ticks);
        const bool steps =
            facts.stage_class == StageClass::kCompute || facts.stage_class == StageClass::kTransfer;
        (steps ? compute_s : cost.busy_s) += self_s;
      }
    }
  cost.busy_s += std::max(compute_s, profile.consumer.compute_s + profile.consumer.transfer_s);
  if (cost.busy_s > 0) cost.cost_share = cost.cost_s / cost.busy_s;
}

}  // namespace datamon::report
