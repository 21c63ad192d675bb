#include "report/trace_identity.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <unordered_set>

namespace datamon::report {
namespace {

// Linux never gives higher ones; 0 is the idle task to viewers.
constexpr std::uint64_t kHighestPid = 4'194'304;

// Hands out ids: the real one while nobody has it, else one that no system uses.
class IdPool {
 public:
  std::uint64_t take(std::uint64_t wanted) {
    if (wanted != 0 && wanted <= kHighestPid && taken_.insert(wanted).second) return wanted;
    return invent();
  }
  std::uint64_t invent() { return ++invented_; }

 private:
  std::unordered_set<std::uint64_t> taken_;
  std::uint64_t invented_ = 10'000'000;
};

bool has_consumer(const ProcessFile& process) {
  return std::any_of(process.tracks.begin(), process.tracks.end(), is_consumer);
}

bool has_worker(const ProcessFile& process) {
  return std::any_of(process.tracks.begin(), process.tracks.end(),
                     [](const Track& track) { return role_of(track) == Role::kWorker; });
}

// Finds which consumer a process works for: itself, or its nearest ancestor
// with a consumer thread; failing that the only consumer of its rank.
class Families {
 public:
  Families(const std::vector<ProcessFile>& files, const Timeline& timeline)
      : files_(files), timeline_(timeline) {
    for (std::size_t i = 0; i < files.size(); ++i) {
      by_pid_[{timeline.processes[i].host, files[i].header.pid}] = i;
      if (!has_consumer(files[i])) continue;
      consumers_.insert(i);
      const auto [place, first] = of_rank_.emplace(files[i].header.rank, i);
      if (!first) place->second = kNoProcess;
    }
  }

  std::size_t consumer_of(std::size_t which) const {
    std::size_t at = which;
    for (std::size_t steps = 0; steps < files_.size(); ++steps) {
      if (consumers_.contains(at)) return at;
      const auto parent =
          by_pid_.find({timeline_.processes[at].host, files_[at].header.parent_pid});
      if (parent == by_pid_.end() || parent->second == at) break;
      at = parent->second;
    }
    const auto only = of_rank_.find(files_[which].header.rank);
    return only == of_rank_.end() ? kNoProcess : only->second;
  }

 private:
  const std::vector<ProcessFile>& files_;
  const Timeline& timeline_;
  std::map<std::pair<std::size_t, std::uint32_t>, std::size_t> by_pid_;
  std::set<std::size_t> consumers_;
  std::map<std::uint32_t, std::size_t> of_rank_;  // kNoProcess: several
};

// "train.py" of "/usr/bin/python3 train.py --epochs 3", "loader" of "/opt/loader -x".
std::string short_command(std::string_view command) {
  const auto word = [](std::string_view text) { return text.substr(0, text.find(' ')); };
  const auto base = [](std::string_view path) {
    return path.substr(path.rfind('/') == path.npos ? 0 : path.rfind('/') + 1);
  };
  std::string_view program = word(command);
  if (base(program).starts_with("python")) {
    std::string_view rest = command.substr(program.size());
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    if (!rest.empty() && rest.front() != '-') program = word(rest);
  }
  return std::string(base(program));
}

std::uint32_t first_worker(const ProcessFile& process) {
  std::uint32_t index = UINT32_MAX;
  for (const Track& track : process.tracks)
    if (role_of(track) == Role::kWorker) index = std::min(index, track.record.index);
  return index;
}

std::string process_name(const ProcessFile& process, bool many_hosts) {
  std::string name = short_command(process.note("command"));
  if (has_consumer(process))
    name = name.empty() ? "consumer" : fmt::format("consumer: {}", name);
  else if (has_worker(process))
    name = fmt::format("worker {}", first_worker(process));
  else if (name.empty())
    name = "process";
  if (process.header.rank != format::kUnknown)
    name = fmt::format("rank {} {}", process.header.rank, name);
  return many_hosts ? fmt::format("{} {}", process.host, name) : name;
}

std::string thread_name(const Track& track) {
  if (!track.name.empty()) return track.name;
  switch (role_of(track)) {
    case Role::kConsumer:
      return "consumer";
    case Role::kWorker:
      return fmt::format("worker {}", track.record.index);
    case Role::kPin:
      return "pin memory";
    case Role::kSampler:
      return "datamon sampler";
    default:
      return fmt::format("thread {}", track.record.tid);
  }
}

int role_place(const Track& track) {
  if (is_consumer(track)) return 0;
  switch (role_of(track)) {
    case Role::kWorker:
      return 1;
    case Role::kPin:
      return 2;
    case Role::kSampler:
      return 4;
    default:
      return 3;
  }
}

bool drawn(const Track& track) { return !track.spans.empty() || !track.slow.empty(); }

void add_threads(const Recording& recording, std::size_t process, IdPool& ids,
                 TraceIdentity& identity) {
  std::vector<const Track*> tracks;
  for (const Track& track : recording.processes()[process].tracks)
    if (drawn(track)) tracks.push_back(&track);
  const auto place = [](const Track* track) {
    const format::TrackRecord& record = track->record;
    return std::tuple(role_place(*track), record.loader, record.index, record.number);
  };
  std::stable_sort(tracks.begin(), tracks.end(),
                   [&](const Track* a, const Track* b) { return place(a) < place(b); });
  for (const Track* track : tracks)
    identity.threads.push_back({process, track, ids.take(track->record.tid), thread_name(*track)});
}

}  // namespace

TraceIdentity identify(const Recording& recording, const Timeline& timeline) {
  const std::vector<ProcessFile>& files = recording.processes();
  TraceIdentity identity;
  const Families families(files, timeline);
  IdPool pids, tids;
  for (std::size_t i = 0; i < files.size(); ++i)
    identity.processes.push_back({pids.take(files[i].header.pid),
                                  process_name(files[i], timeline.hosts > 1),
                                  families.consumer_of(i)});

  for (std::size_t i = 0; i < files.size(); ++i) identity.process_order.push_back(i);
  const auto place = [&](std::size_t i) {
    const format::FileHeader& header = files[i].header;
    const std::size_t consumer = identity.processes[i].consumer;
    const std::uint32_t rank = header.rank == format::kUnknown ? 0 : header.rank;
    const int kind = consumer == i ? 0 : has_worker(files[i]) ? 1 : 2;
    return std::tuple(rank, consumer, kind, first_worker(files[i]));
  };
  std::stable_sort(identity.process_order.begin(), identity.process_order.end(),
                   [&](std::size_t a, std::size_t b) { return place(a) < place(b); });
  for (const std::size_t process : identity.process_order)
    add_threads(recording, process, tids, identity);

  for (std::size_t host = 0; host < timeline.hosts; ++host) {
    identity.machine_pid.push_back(pids.invent());
    identity.machine_name.emplace_back("machine");
  }
  for (std::size_t i = 0; i < files.size(); ++i)
    identity.machine_name[timeline.processes[i].host] = "machine " + files[i].host;
  identity.notes_pid = pids.invent();
  return identity;
}

bool has_stage(const Track& track, std::uint16_t stage) {
  return std::any_of(track.cells.begin(), track.cells.end(),
                     [&](const format::Cell* cell) { return cell->stage == stage; });
}

Role role_of(const Track& track) {
  const std::uint32_t role = track.record.role;
  return role <= static_cast<std::uint32_t>(Role::kSampler) ? static_cast<Role>(role)
                                                            : Role::kOther;
}

bool is_consumer(const Track& track) {
  if (role_of(track) == Role::kConsumer) return true;
  return role_of(track) == Role::kOther && has_stage(track, builtin::kWait);
}

}  // namespace datamon::report
