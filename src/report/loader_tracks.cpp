#include "report/loader_tracks.h"

#include <algorithm>
#include <map>
#include <set>

namespace datamon::report {
namespace {

StageTable table_of(const ProcessFile& process) {
  StageTable table(process.stages.empty() ? 1 : process.stages.back().id + 1u);
  for (const Stage& stage : process.stages) {
    StageFacts& facts = table[stage.id];
    if (stage.stage_class < kStageClasses)
      facts.stage_class = static_cast<StageClass>(stage.stage_class);
    facts.loader = stage.loader;
    facts.residence = stage.id == builtin::kQueue;
  }
  return table;
}

// A loader is not put before the one at which the consumer is longest for less waiting
// than this share of the time that it spends with all of them.
constexpr double kWaitThatMatters = 0.05;

// What a consumer and its helpers spent on a loader.
struct LoaderTime {
  bool is_one = false;  // somebody took or made its batches
  double waited_s = 0;  // by the consumer
  double taken_s = 0;   // by it in all: waits and the steps' own work
  double worked_s = 0;  // making batches
};

std::map<int, LoaderTime> loader_times(const Recording& recording, const Timeline& timeline,
                                       const std::vector<StageTable>& tables) {
  std::map<int, LoaderTime> times;
  const auto& processes = recording.processes();
  for (std::size_t p = 0; p < processes.size(); ++p) {
    const TimeAxis& axis = timeline.axis(p);
    for (const Track& track : processes[p].tracks) {
      for (const format::Cell* cell : track.cells) {
        const StageFacts& facts = facts_of(tables[p], cell->stage);
        const auto add = [&](double LoaderTime::*sum, std::uint64_t ticks) {
          times[loader_of(facts, track)].*sum += axis.lasting(ticks);
        };
        const bool waits = facts.stage_class == StageClass::kWait;
        if (waits || makes_batches(facts.stage_class)) times[loader_of(facts, track)].is_one = true;
        if (waits) add(&LoaderTime::waited_s, cell->wall_ticks);
        if (waits || facts.stage_class == StageClass::kCompute)
          add(&LoaderTime::taken_s, cell->wall_ticks);
        if (makes_batches(facts.stage_class)) add(&LoaderTime::worked_s, cell->self_ticks);
      }
    }
  }
  return times;
}

// The most waiting first, without any the most work; before them the loader that a job
// is mostly about, unless another one costs it notably more waiting.
std::vector<int> most_important_first(const std::map<int, LoaderTime>& times) {
  std::vector<int> loaders;
  double waited_s = 0, taken_s = 0;
  for (const auto& [loader, time] : times) {
    if (!time.is_one) continue;
    loaders.push_back(loader);
    waited_s += time.waited_s;
    taken_s += time.taken_s;
  }
  if (loaders.empty()) return loaders;
  const auto by = [&](double LoaderTime::*sum) {
    return [&times, sum](int a, int b) { return times.at(a).*sum > times.at(b).*sum; };
  };
  std::stable_sort(loaders.begin(), loaders.end(),
                   by(waited_s > 0 ? &LoaderTime::waited_s : &LoaderTime::worked_s));
  const auto longest = std::min_element(loaders.begin(), loaders.end(), by(&LoaderTime::taken_s));
  const double more_s = times.at(loaders.front()).waited_s - times.at(*longest).waited_s;
  if (waited_s > 0 && more_s < kWaitThatMatters * taken_s)
    std::rotate(loaders.begin(), longest, longest + 1);
  return loaders;
}

// What the track did for the loader.
struct Work {
  bool any = false, waits = false, makes = false;
};

Work work_of(const Track& track, const StageTable& table, int loader) {
  Work work;
  const auto see = [&](std::uint16_t stage) {
    const StageFacts& facts = facts_of(table, stage);
    if (loader_of(facts, track) != loader) return;
    work.any = true;
    if (facts.stage_class == StageClass::kWait) work.waits = true;
    if (makes_batches(facts.stage_class)) work.makes = true;
  };
  for (const format::Cell* cell : track.cells) see(cell->stage);
  return work;
}

void set_times(LoaderTrack& track) {
  const format::TrackRecord& record = track.track->record;
  const format::FileHeader& header = track.process->header;
  const std::uint64_t start =
      record.start_ticks != 0 ? record.start_ticks : header.first_pair.ticks;
  track.start_s = track.axis.at(start);
  track.end_s = track.start_s;
  const auto last = [&](std::uint64_t ticks) {
    track.end_s = std::max(track.end_s, track.axis.at(ticks));
  };
  track.ended = record.end_ticks != 0 || header.end_state != 0;
  if (record.end_ticks != 0) return last(record.end_ticks);
  if (header.end_ticks != 0) return last(header.end_ticks);
  // It ended without a word: its last span is what is known.
  std::uint64_t last_span = 0;
  if (!track.track->spans.empty() && !track.track->spans.back().empty()) {
    const format::SpanRecord& span = track.track->spans.back().back();
    last_span = span.start + span.duration;
    last(last_span);
  }
  for (const format::Cell* cell : track.track->cells) {
    const std::uint64_t begin = cell->window << cell->shift;
    if (begin > last_span) last(begin);
  }
}

bool by_place(const LoaderTrack& a, const LoaderTrack& b) {
  if (a.consumer != b.consumer) return a.consumer < b.consumer;
  if (a.index != b.index) return a.index < b.index;
  return a.start_s < b.start_s;
}

// The consumer that a track works for: of its own rank; of those, the one of
// its own or its parent's process.
std::size_t consumer_for(const LoaderTrack& track, const std::vector<LoaderTrack>& consumers) {
  std::size_t best = 0;
  int best_score = -1;
  for (std::size_t i = 0; i < consumers.size(); ++i) {
    const ProcessFile& other = *consumers[i].process;
    int score = 0;
    if (consumers[i].rank == track.rank) score += 4;
    if (other.host == track.process->host) score += 2;
    if (track.process == &other || track.process->header.parent_pid == other.header.pid) score += 1;
    if (score > best_score) {
      best = i;
      best_score = score;
    }
  }
  return best;
}

// A hand-off thread in a process of its workers serves the worker of its number.
HandoffThread handoff_of(const LoaderTrack& helper, const LoaderTracks& tracks) {
  if (static_cast<Role>(helper.track->record.role) != Role::kPin) return HandoffThread::kNone;
  const auto in_same_process = [&](const LoaderTrack& track) {
    return track.process == helper.process;
  };
  const bool with_worker =
      std::any_of(tracks.workers.begin(), tracks.workers.end(), in_same_process);
  const bool with_consumer =
      std::any_of(tracks.consumers.begin(), tracks.consumers.end(), in_same_process);
  return with_worker && !with_consumer ? HandoffThread::kFeeder : HandoffThread::kPin;
}

int place_index(const Track& track) {
  return static_cast<int>(std::min<std::uint32_t>(track.record.index, 1u << 20));
}

void number_unnamed_workers(std::vector<LoaderTrack>& workers) {
  std::stable_sort(workers.begin(), workers.end(),
                   [](const auto& a, const auto& b) { return a.start_s < b.start_s; });
  std::map<std::size_t, int> next;
  for (LoaderTrack& worker : workers) worker.index = next[worker.consumer]++;
}

// Launchers that pass the rank as an argument (torch.multiprocessing.spawn) leave none in
// the environment: consumers are then numbered as they come.
void number_unknown_ranks(LoaderTracks& tracks) {
  const bool any_known = std::any_of(
      tracks.consumers.begin(), tracks.consumers.end(),
      [](const LoaderTrack& track) { return track.process->header.rank != format::kUnknown; });
  if (any_known || tracks.consumers.size() < 2) return;
  for (LoaderTrack& consumer : tracks.consumers)
    consumer.rank = static_cast<std::uint32_t>(consumer.consumer);
  for (auto* list : {&tracks.workers, &tracks.helpers})
    for (LoaderTrack& track : *list) track.rank = tracks.consumers[track.consumer].rank;
}

// Could it make batches for one of them? What a launcher runs before the job (shells, tools)
// reads files, too, and is gone when the first batch is taken.
bool may_feed(const LoaderTrack& track, const std::vector<LoaderTrack>& consumers) {
  return consumers.empty() ||
         std::any_of(consumers.begin(), consumers.end(), [&](const LoaderTrack& consumer) {
           return track.process == consumer.process || track.end_s > consumer.start_s;
         });
}

// Puts each track where it belongs.
void sort_tracks(LoaderTracks& result, std::vector<std::pair<LoaderTrack, Work>> tracks) {
  const bool named_workers = std::any_of(tracks.begin(), tracks.end(), [](const auto& entry) {
    return entry.first.track->record.role == static_cast<std::uint32_t>(Role::kWorker);
  });
  for (auto& [track, work] : tracks) {
    const auto role = static_cast<Role>(track.track->record.role);
    if (!work.waits || (role != Role::kConsumer && role != Role::kOther)) continue;
    track.kind = TrackKind::kConsumer;
    result.consumers.push_back(track);
  }
  for (auto& [track, work] : tracks) {
    if (track.kind == TrackKind::kConsumer) continue;
    const auto role = static_cast<Role>(track.track->record.role);
    const bool unnamed =
        role == Role::kOther && work.makes && !named_workers && may_feed(track, result.consumers);
    if (role == Role::kWorker || unnamed) {
      track.kind = TrackKind::kWorker;
      track.index = place_index(*track.track);
      result.workers.push_back(track);
    } else {
      result.helpers.push_back(track);
    }
  }
  std::stable_sort(result.consumers.begin(), result.consumers.end(),
                   [](const auto& a, const auto& b) { return a.rank < b.rank; });
  for (LoaderTrack& worker : result.workers)
    worker.consumer = consumer_for(worker, result.consumers);
  for (LoaderTrack& helper : result.helpers) {
    helper.consumer = consumer_for(helper, result.consumers);
    helper.handoff = handoff_of(helper, result);
    if (helper.handoff == HandoffThread::kFeeder) helper.index = place_index(*helper.track);
  }
  for (std::size_t i = 0; i < result.consumers.size(); ++i) result.consumers[i].consumer = i;
  number_unknown_ranks(result);
  if (!named_workers) number_unnamed_workers(result.workers);
  std::stable_sort(result.workers.begin(), result.workers.end(), by_place);
}

// Other tracks of the consumers' threads: a thread has one for each loader.
void find_elsewhere(LoaderTracks& result, const std::vector<LoaderTrack>& others) {
  for (const LoaderTrack& consumer : result.consumers) {
    for (const LoaderTrack& other : others) {
      if (other.process != consumer.process ||
          other.track->record.tid != consumer.track->record.tid)
        continue;
      LoaderTrack& found = result.elsewhere.emplace_back(other);
      found.kind = TrackKind::kConsumer;
      found.consumer = consumer.consumer;
    }
  }
}

}  // namespace

std::vector<int> loaders_of(const Recording& recording) {
  std::vector<StageTable> tables;
  for (const ProcessFile& process : recording.processes()) tables.push_back(table_of(process));
  return most_important_first(loader_times(recording, Timeline(recording.processes()), tables));
}

LoaderTracks select_tracks(const Recording& recording, const Timeline& timeline,
                           int wanted_loader) {
  LoaderTracks result;
  const auto& processes = recording.processes();
  for (const ProcessFile& process : processes) result.tables.push_back(table_of(process));
  result.loaders = most_important_first(loader_times(recording, timeline, result.tables));
  result.loader = wanted_loader >= 0       ? wanted_loader
                  : result.loaders.empty() ? 0
                                           : result.loaders.front();

  std::vector<std::pair<LoaderTrack, Work>> tracks;
  std::vector<LoaderTrack> others;
  for (std::size_t p = 0; p < processes.size(); ++p) {
    for (const Track& track : processes[p].tracks) {
      if (track.record.role >= static_cast<std::uint32_t>(Role::kSampler) &&
          track.record.role <= static_cast<std::uint32_t>(Role::kDeviceCalls))
        continue;  // no thread of the job
      const Work work = work_of(track, result.tables[p], result.loader);
      LoaderTrack entry;
      entry.process = &processes[p];
      entry.track = &track;
      entry.stages = &result.tables[p];
      entry.axis = timeline.axis(p);
      entry.rank = processes[p].header.rank == format::kUnknown ? 0 : processes[p].header.rank;
      set_times(entry);
      if (work.any)
        tracks.emplace_back(entry, work);
      else
        others.push_back(entry);
    }
  }
  sort_tracks(result, std::move(tracks));
  find_elsewhere(result, others);
  return result;
}

}  // namespace datamon::report
