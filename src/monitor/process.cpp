#include "monitor/process.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include "monitor/arena.h"
#include "monitor/atomics.h"
#include "monitor/clock.h"
#include "monitor/file_table.h"
#include "monitor/identity.h"
#include "monitor/injection.h"
#include "monitor/lock.h"
#include "monitor/message.h"
#include "monitor/probe.h"
#include "monitor/sampler.h"
#include "monitor/schedstat.h"
#include "monitor/settings.h"
#include "monitor/stage_registry.h"
#include "monitor/track_list.h"

namespace datamon::monitor {
namespace {

using format::FileHeader;

// Set in the environment of whatever a recorded process starts: the pid of the
// first process that recorded, or was about to.
constexpr char kJoined[] = "MON_JOINED";

enum class State : std::uint32_t { kFresh = 0, kRecording, kFailed };

// Everything of one process; wiped in a forked child, which finds kFresh.
struct Process {
  pthread_mutex_t mutex;
  std::atomic<State> state;
  std::uint64_t refreshed_ticks;  // when the clock pair was
  RecordingFile file;
  TrackList tracks;
  FileTable files;
};

// What a child needs to begin anew: set before the first thread records.
struct Inherited {
  Settings settings;
  RecordingDirectory directory;
  SplitSetup split;
  std::uint64_t span_cost_x1024;
  pthread_key_t thread_key;
  void* mapping;  // of this process, or of the parent until the child has its own
  std::uint64_t mapping_bytes;
};
constinit Inherited g_inherited{};
Process* g_process = nullptr;
Track g_null_track;  // never written
__thread bool t_in_slow_path __attribute__((tls_model("initial-exec"))) = false;

bool was_started_by_recorded() {
  const char* first = ::secure_getenv(kJoined);
  return first != nullptr && std::strtol(first, nullptr, 10) != ::getpid();
}

void mark_children_as_joined() {
  char own[24];
  std::snprintf(own, sizeof own, "%d", static_cast<int>(::getpid()));
  ::setenv(kJoined, own, 0);
}

bool recording() {
  return g_process != nullptr &&
         g_process->state.load(std::memory_order_acquire) == State::kRecording;
}

// `forked_from`: the pid of the recorded process of which this one is a fork; 0: of none.
void describe(FileHeader& header, std::uint32_t forked_from, std::uint64_t begun) {
  header.version_major = format::kVersionMajor;
  header.version_minor = format::kVersionMinor;
  header.byte_order_mark = format::kByteOrderMark;
  identify(header);
  if (forked_from != 0) header.parent_pid = forked_from;  // it may have ended by now
  const bool joined = forked_from != 0 || was_started_by_recorded();
  header.is_root = !joined && (header.rank == format::kUnknown || header.rank == 0);
  header.clock_kind = static_cast<std::uint32_t>(clock_kind());
  header.first_pair = read_clock_pair();
  header.ticks_per_second = ticks_per_second();
  header.budget_ppm = g_inherited.settings.budget_ppm;
  header.span_cost_ticks_x1024 = g_inherited.span_cost_x1024;
  header.startup_ticks = clock_now() - begun;
}

// The process lock is held. The file becomes one when its magic is written.
bool begin_file(Process& process, std::uint32_t forked_from, std::uint64_t begun) {
  new (&process.file) RecordingFile();
  char stem[128];
  file_name_stem(stem, sizeof stem);
  if (!process.file.create(g_inherited.directory, stem, g_inherited.settings.max_bytes))
    return false;
  g_inherited.mapping = process.file.base();
  g_inherited.mapping_bytes = process.file.max_bytes();
  new (&process.tracks) TrackList();
  process.tracks.start(process.file, g_inherited.split);
  write_stages(process.file);
  note_job(process.file);
  process.file.note("monitor.split", to_string(g_inherited.split.kind));
  process.file.note("monitor.version", "1");
  FileHeader& header = *process.file.header();
  describe(header, forked_from, begun);
  process.refreshed_ticks = header.first_pair.ticks;
  static_assert(sizeof header.magic == sizeof(std::uint64_t));
  std::uint64_t magic;
  std::memcpy(&magic, format::kFileMagic, sizeof magic);
  store_release(reinterpret_cast<std::uint64_t&>(header.magic), magic);
  return true;
}

void begin_sampler(Process& process) {
  if (!g_inherited.settings.sampler) return;
  SamplerOptions options;
  options.directory = g_inherited.directory.path;
  options.host = process.file.header()->host;
  options.blocks = &process.file;
  options.header = process.file.header();
  options.ticks = clock_now;
  options.budget_ppm = g_inherited.settings.budget_ppm;
  sampler_start(options);
}

// A forked child's first call: its own file; the parent's is let go. Where there
// can be none (another user's by now, a full disk), the parent's counts it; its
// header stays mapped, for this process's own children.
void begin_in_child(Process& process) {
  auto* const parents = static_cast<std::byte*>(g_inherited.mapping);
  if (g_inherited.mapping_bytes > format::kBlockAlignment)
    ::munmap(parents + format::kBlockAlignment,
             g_inherited.mapping_bytes - format::kBlockAlignment);
  g_inherited.mapping_bytes = format::kBlockAlignment;
  Schedstat::close_inherited();
  const std::uint32_t parent = reinterpret_cast<const FileHeader*>(parents)->pid;
  const bool begun = begin_file(process, parent, clock_now());
  if (begun)
    ::munmap(parents, format::kBlockAlignment);
  else
    add_relaxed(reinterpret_cast<FileHeader*>(parents)->unrecorded_children, std::uint64_t{1});
  // It waits for its turn: the parent that reads the machine may end before it does.
  if (begun) begin_sampler(process);
  process.state.store(begun ? State::kRecording : State::kFailed, std::memory_order_release);
}

bool ready() {
  if (g_process == nullptr) return false;
  Process& process = *g_process;
  State state = process.state.load(std::memory_order_acquire);
  if (state == State::kFresh) {
    const Lock lock(process.mutex);
    if (process.state.load(std::memory_order_acquire) == State::kFresh) begin_in_child(process);
    state = process.state.load(std::memory_order_acquire);
  }
  return state == State::kRecording;
}

// Runs when a thread ends; `value` is its track. A forked child may inherit it
// wiped.
void end_thread(void* value) {
  auto& track = *static_cast<Track*>(value);
  current_track = &g_null_track;
  if (track.record == nullptr || !enter_slow_path()) return;
  {
    const Lock lock(g_process->mutex);
    g_process->tracks.end(track, clock_now());
  }
  leave_slow_path();
}

void refresh_clock(Process& process, std::uint64_t now) {
  if (now - process.refreshed_ticks < ticks_per_second()) return;
  process.refreshed_ticks = now;
  FileHeader& header = *process.file.header();
  const format::ClockPair pair = read_clock_pair();
  const std::uint64_t next = header.latest_index + 1;
  header.latest_pair[next & 1] = pair;
  store_release(header.latest_index, next);
  refine_clock_rate(header.first_pair, pair);
  header.ticks_per_second = ticks_per_second();
}

void join_probe(Process& process) {
  const char* why_not = "MON_BUDGET=0 leaves out the CPU times that it needs";
  if (g_inherited.split.kind != SplitKind::kNone)
    why_not =
        begin_probe(g_inherited.directory, process.file.header()->boot_id, g_inherited.settings);
  if (why_not != nullptr) process.file.note("probe.why_not", why_not);
}

// Runs at exit() and at the return from main, after the job's own handlers.
__attribute__((destructor)) void end_process() {
  if (!recording() || !enter_slow_path()) return;
  sampler_stop();
  {
    Process& process = *g_process;
    const Lock lock(process.mutex);
    if (current_track->record != nullptr) process.tracks.publish(*current_track);
    process.refreshed_ticks = 0;
    const std::uint64_t now = clock_now();
    refresh_clock(process, now);
    process.file.header()->end_ticks = now;
    store_release(process.file.header()->end_state,
                  static_cast<std::uint32_t>(format::EndState::kExited));
  }
  leave_slow_path();
}

}  // namespace

__thread Track* current_track __attribute__((tls_model("initial-exec"))) = &g_null_track;

bool enter_slow_path() {
  if (t_in_slow_path) return false;
  t_in_slow_path = true;
  return true;
}

void leave_slow_path() { t_in_slow_path = false; }

bool wants_nvtx_ranges() { return g_inherited.settings.nvtx; }

bool attach() {
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  static bool tried = false;
  const Lock lock(mutex);
  if (tried) return recording();
  tried = true;
  note_standard_error();
  const std::uint64_t begun_ns = MonotonicClock::now();
  g_inherited.settings = read_settings();
  if (g_inherited.settings.nvtx_in) offer_nvtx_reader();
  if (g_inherited.settings.cupti) offer_cupti_reader();
  choose_clock(g_inherited.settings.force_monotonic);
  const std::uint64_t now = clock_now();
  const std::uint64_t begun =
      now - (MonotonicClock::now() - begun_ns) * ticks_per_second() / 1'000'000'000u;
  g_inherited.split = probe_split(g_inherited.settings.budget_ppm);
  void* root = arena_root(sizeof(Process));
  if (root == nullptr || ::pthread_key_create(&g_inherited.thread_key, end_thread) != 0) {
    say("datamon: not recording: no memory or thread key for it\n");
    return false;
  }
  auto* process = static_cast<Process*>(root);
  RecordingDirectory& directory = g_inherited.directory;
  if (!find_recording_directory(directory) || !begin_file(*process, 0, begun)) {
    say("datamon: not recording: %s\n", directory.error);
    return false;
  }
  g_process = process;
  process->state.store(State::kRecording, std::memory_order_release);
  mark_children_as_joined();
  if (g_inherited.settings.probe) join_probe(*process);
  g_inherited.span_cost_x1024 = calibrate_span_cost();
  process->file.header()->span_cost_ticks_x1024 = g_inherited.span_cost_x1024;
  begin_sampler(*process);
  process->file.header()->startup_ticks = clock_now() - begun;
  return true;
}

Track* usable_track() {
  if (current_track->record != nullptr) return current_track;
  return describe_track(DATAMON_ROLE_OTHER, 0, 0);
}

Track* describe_track(std::uint32_t role, std::uint32_t index, std::uint32_t loader) {
  if (!ready()) return nullptr;
  Process& process = *g_process;
  const Lock lock(process.mutex);
  Track* track = process.tracks.acquire(role, index, loader, clock_now());
  if (track == nullptr) {
    add_relaxed(process.file.header()->dropped_spans, std::uint64_t{1});
    return nullptr;
  }
  ::pthread_setspecific(g_inherited.thread_key, track);
  current_track = track;
  return track;
}

void advance_window(Track& track, std::uint64_t now) {
  Process& process = *g_process;
  process.tracks.advance(track, now);
  if (::pthread_mutex_trylock(&process.mutex) == 0) {
    process.tracks.publish(track);
    refresh_clock(process, now);
    ::pthread_mutex_unlock(&process.mutex);
  }
  if (g_inherited.settings.sampler) sampler_try_takeover();
}

format::Cell* find_cell(Track& track, datamon_stage stage) {
  const Lock lock(g_process->mutex);
  return g_process->tracks.find_cell(track, stage);
}

void next_span_block(Track& track) {
  const Lock lock(g_process->mutex);
  g_process->tracks.next_span_block(track);
}

void keep_slow(Track& track, const format::SpanRecord& span, std::uint64_t bytes,
               std::string_view name) {
  g_process->tracks.keep_slow(track, span, bytes, name);
}

void count_dropped() {
  if (ready()) add_relaxed(g_process->file.header()->dropped_spans, std::uint64_t{1});
}

void count_mismatch() {
  if (ready()) add_relaxed(g_process->file.header()->mismatched_ends, std::uint64_t{1});
}

datamon_stage define_stage_locked(std::string_view name, std::uint32_t stage_class,
                                  std::uint32_t loader) {
  if (!ready()) return DATAMON_NO_STAGE;
  const Lock lock(g_process->mutex);
  return define_stage(name, stage_class, loader, g_process->file);
}

namespace {

bool is_same(const format::TrackRecord& record, std::uint32_t role, std::uint32_t index,
             std::uint32_t loader) {
  return record.role == role && record.index == index && record.loader == loader;
}

// The track on which the calling thread goes on as what it says it is: the one
// it has, where that is what it is already, or all it has is of a thread that had
// not said; else another one. nullptr: a span is open, or there is none.
Track* track_for(std::uint32_t role, std::uint32_t index, std::uint32_t loader) {
  Track* track = current_track;
  if (track->record == nullptr) return describe_track(role, index, loader);
  if (is_same(*track->record, role, index, loader)) return track;
  if (!track->described && (track->depth > 0 || track->record->threads == 1)) return track;
  if (track->depth > 0) return nullptr;
  Process& process = *g_process;
  const Lock lock(process.mutex);
  Track* next = process.tracks.move(*track, role, index, loader, clock_now());
  if (next == nullptr) return track;
  ::pthread_setspecific(g_inherited.thread_key, next);
  current_track = next;
  return next;
}

}  // namespace

void describe_thread(std::uint32_t role, std::uint32_t index, std::uint32_t loader,
                     std::string_view name) {
  const bool only_named = role == DATAMON_ROLE_UNCHANGED;
  Track* track = only_named ? usable_track() : track_for(role, index, loader);
  if (track == nullptr) return;
  format::TrackRecord& record = *track->record;
  if (!only_named) {
    track->described = true;
    if (role == DATAMON_ROLE_WORKER) probe_worker(index);
    record.role = role;
    record.index = index;
    record.loader = loader;
  }
  const std::size_t bytes = std::min(name.size(), sizeof record.name);
  if (bytes > 0) std::memcpy(record.name, name.data(), bytes);
  record.name_bytes = static_cast<std::uint16_t>(bytes);
}

void note(std::string_view key, std::string_view value) {
  if (ready()) g_process->file.note(key, value);
}

void count_file(const datamon_file_use& use) {
  if (ready()) g_process->files.add(g_process->file, use);
}

}  // namespace datamon::monitor
