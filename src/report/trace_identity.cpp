#include "report/trace_identity.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <unordered_set>

#include "report/device_work.h"
#include "report/loader_notes.h"
#include "report/trace_device_rows.h"

namespace datamon::report {
namespace {

// Linux never gives higher ones; 0 is the idle task to viewers.
constexpr std::uint64_t kHighestPid = 4'194'304;

// Hands out ids: the system's own while nobody has it, or an invented one that
// is no number of this recording.
class IdPool {
 public:
  void reserve(std::uint64_t real) { real_.insert(real); }
  bool is_free(std::uint64_t wanted) const {
    return wanted != 0 && wanted <= kHighestPid && !taken_.contains(wanted);
  }
  std::uint64_t take(std::uint64_t wanted) {
    if (!is_free(wanted)) return invent();
    taken_.insert(wanted);
    return wanted;
  }
  std::uint64_t invent() {
    while (real_.contains(++invented_)) {
    }
    return invented_;
  }

 private:
  std::unordered_set<std::uint64_t> real_, taken_;
  std::uint64_t invented_ = 10;  // the lowest ones mean kernel threads to viewers
};

bool has_consumer(const ProcessFile& process) {
  return std::any_of(process.tracks.begin(), process.tracks.end(), is_consumer);
}

bool has_worker(const ProcessFile& process) {
  return std::any_of(process.tracks.begin(), process.tracks.end(),
                     [](const Track& track) { return role_of(track) == Role::kWorker; });
}

constexpr std::size_t kNoProcess = static_cast<std::size_t>(-1);

// Finds which consumer a process works for: itself, or its nearest ancestor
// with a consumer thread; failing that the only consumer of its rank.
class Families {
 public:
  Families(const std::vector<ProcessFile>& files, const TraceTimeline& timeline)
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
  const TraceTimeline& timeline_;
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

bool rank_known(const ProcessFile& process) { return process.header.rank != format::kUnknown; }

// "rank 1 train.py"
std::string group_name(const ProcessFile& leader, bool many_hosts) {
  std::string name = short_command(job_command(leader));
  if (name.empty()) name = has_consumer(leader) ? "job" : "process";
  if (rank_known(leader)) name = fmt::format("rank {} {}", leader.header.rank, name);
  return many_hosts ? fmt::format("{} {}", leader.host, name) : name;
}

std::string process_name(const ProcessFile& process) {
  std::string role = "process";
  if (has_consumer(process))
    role = "consumer";
  else if (has_worker(process))
    role = fmt::format("worker {}", first_worker(process));
  if (rank_known(process)) role = fmt::format("rank {} {}", process.header.rank, role);
  return fmt::format("{} (pid {})", role, process.header.pid);
}

// In the job's own processes.
bool drawn(const Track& track) {
  return (!track.spans.empty() || !track.slow.empty()) && !is_device_track(track);
}

bool of_a_loader(const Track& track) {
  return is_consumer(track) || role_of(track) == Role::kWorker || role_of(track) == Role::kPin;
}

// What the thread does, and the name that the job gave it if that says more.
std::string thread_name(const Track& track) {
  std::string role;
  if (is_consumer(track)) role = "consumer";
  if (role_of(track) == Role::kWorker) role = fmt::format("worker {}", track.record.index);
  if (role_of(track) == Role::kPin)
    role = track.name.empty() || track.name.starts_with("pin") ? "pin memory" : "hand-off";
  if (role_of(track) == Role::kSampler) role = "datamon sampler";
  if (role.empty())
    return track.name.empty() ? fmt::format("thread {}", track.record.tid) : track.name;
  if (track.name.empty() || track.name.find(role) != track.name.npos)
    return track.name.empty() ? role : track.name;
  return fmt::format("{}: {}", role, track.name);
}

// ", loader 2 train: photos" of each loader, where the recording has several.
std::map<std::uint32_t, std::string> loader_marks(const Recording& recording) {
  std::map<std::uint32_t, std::string> marks;
  for (const ProcessFile& process : recording.processes())
    for (const Track& track : process.tracks)
      if (drawn(track) && of_a_loader(track)) marks[track.record.loader];
  if (marks.size() < 2) return {};
  for (auto& [loader, mark] : marks) {
    const std::string_view name = LoaderNotes(recording, static_cast<int>(loader)).text("name");
    mark = fmt::format(", loader {}{}{}", loader, name.empty() ? "" : " ", name);
  }
  return marks;
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

// The threads of a group in the order to be shown.
std::vector<TraceThread> threads_of(const std::vector<ProcessFile>& files,
                                    const std::vector<std::size_t>& members, std::size_t group,
                                    const std::map<std::uint32_t, std::string>& loader_marks) {
  std::vector<TraceThread> threads;
  for (const std::size_t process : members) {
    for (const Track& track : files[process].tracks) {
      if (!drawn(track)) continue;
      const auto mark =
          of_a_loader(track) ? loader_marks.find(track.record.loader) : loader_marks.end();
      const std::string name =
          thread_name(track) + (mark != loader_marks.end() ? mark->second : "");
      threads.push_back({process, group, &track, 0, name, false});
    }
  }
  const auto place = [](const TraceThread& thread) {
    const format::TrackRecord& record = thread.track->record;
    return std::tuple(role_place(*thread.track), record.loader, record.index, thread.process,
                      record.number);
  };
  std::stable_sort(threads.begin(), threads.end(),
                   [&](const TraceThread& a, const TraceThread& b) { return place(a) < place(b); });
  return threads;
}

// The system's numbers where they are in the order to be shown and nobody else
// has them; otherwise invented ones for the whole group, with the real ones in
// the names. Viewers put the thread whose number is the process's first.
void number_threads(std::vector<TraceThread>& threads, std::uint64_t group_pid, IdPool& ids) {
  std::uint64_t last = 0;
  bool in_order = true;
  for (std::size_t i = 0; i < threads.size(); ++i) {
    const std::uint64_t tid = threads[i].track->record.tid;
    in_order = in_order && tid > last && ids.is_free(tid) && (i == 0 || tid != group_pid);
    last = tid;
  }
  for (TraceThread& thread : threads) {
    const std::uint64_t tid = thread.track->record.tid;
    thread.tid = in_order ? ids.take(tid) : ids.invent();
    const std::string number = fmt::format("{}", tid);
    if (!in_order && thread.name.find(number) == thread.name.npos)
      thread.name += fmt::format(" ({})", number);
  }
}

// Behind the job's own groups.
void add_devices(const Recording& recording, const TraceTimeline& timeline, IdPool& pids,
                 IdPool& tids, TraceIdentity& identity) {
  for (const DeviceGroup& from : device_groups(recording, timeline)) {
    const std::size_t group = identity.groups.size();
    identity.groups.push_back({pids.invent(), from.name});
    for (const DeviceRow& row : from.rows)
      identity.threads.push_back(
          {from.process, group, row.track, tids.invent(), row.name, row.slices});
  }
}

// The processes of each group by its leader: the consumer, or the lone process.
using Members = std::map<std::size_t, std::vector<std::size_t>>;

std::vector<std::size_t> leaders_in_order(const std::vector<ProcessFile>& files,
                                          const Members& members) {
  std::vector<std::size_t> leaders;
  for (const auto& [leader, processes] : members) leaders.push_back(leader);
  const auto place = [&](std::size_t leader) {
    const std::uint32_t rank = rank_known(files[leader]) ? files[leader].header.rank : 0;
    return std::tuple(!has_consumer(files[leader]), rank, leader);
  };
  std::sort(leaders.begin(), leaders.end(),
            [&](std::size_t a, std::size_t b) { return place(a) < place(b); });
  return leaders;
}

}  // namespace

TraceIdentity identify(const Recording& recording, const TraceTimeline& timeline) {
  const std::vector<ProcessFile>& files = recording.processes();
  const Families families(files, timeline);
  Members members;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::size_t consumer = families.consumer_of(i);
    members[consumer == kNoProcess ? i : consumer].push_back(i);
  }

  TraceIdentity identity;
  identity.group_of.resize(files.size());
  IdPool pids, tids;
  for (const ProcessFile& file : files) {
    pids.reserve(file.header.pid);
    tids.reserve(file.header.pid);
    for (const Track& track : file.tracks) tids.reserve(track.record.tid);
  }
  const std::map<std::uint32_t, std::string> marks = loader_marks(recording);
  for (const std::size_t leader : leaders_in_order(files, members)) {
    const std::size_t group = identity.groups.size();
    identity.groups.push_back(
        {pids.take(files[leader].header.pid), group_name(files[leader], timeline.hosts > 1)});
    for (const std::size_t process : members[leader]) identity.group_of[process] = group;
    std::vector<TraceThread> threads = threads_of(files, members[leader], group, marks);
    number_threads(threads, identity.groups.back().pid, tids);
    for (TraceThread& thread : threads) identity.threads.push_back(std::move(thread));
  }
  add_devices(recording, timeline, pids, tids, identity);

  std::vector<std::string> host_name(timeline.hosts);
  for (std::size_t i = 0; i < files.size(); ++i) {
    identity.process_name.push_back(process_name(files[i]));
    host_name[timeline.processes[i].host] = files[i].host;
  }
  for (const std::string& host : host_name) {
    identity.process_meters.push_back({pids.invent(), "processes on " + host});
    identity.machines.push_back({pids.invent(), "machine " + host});
  }
  return identity;
}

bool has_stage(const Track& track, std::uint16_t stage) {
  return std::any_of(track.cells.begin(), track.cells.end(),
                     [&](const format::Cell* cell) { return cell->stage == stage; });
}

Role role_of(const Track& track) {
  const std::uint32_t role = track.record.role;
  return role <= static_cast<std::uint32_t>(Role::kDeviceCalls) ? static_cast<Role>(role)
                                                                : Role::kOther;
}

bool is_feeder(const ProcessFile& process, const Track& track) {
  return role_of(track) == Role::kPin && has_worker(process) && !has_consumer(process);
}

bool is_consumer(const Track& track) {
  if (role_of(track) == Role::kConsumer) return true;
  return role_of(track) == Role::kOther && has_stage(track, builtin::kWait);
}

std::string_view job_command(const ProcessFile& process) {
  const std::string_view command = process.note("job.command");
  return command.empty() ? process.note("command") : command;
}

}  // namespace datamon::report
