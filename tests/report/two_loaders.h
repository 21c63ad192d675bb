// A recorded job whose consumer takes from two data loaders, and what tests ask its
// profile. Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "recording_builder.h"
#include "report/profile.h"
#include "temporary_folder.h"

namespace datamon::report {

using namespace datamon::testing;

inline constexpr std::uint32_t kTid = 4711;

// The consumer's thread with a track for each loader, and workers as processes.
struct TwoLoaders {
  TwoLoaders() : root(options()) {
    for (std::uint32_t loader = 1; loader <= 2; ++loader) {
      consumer[loader] = &root.track(kConsumer, 0, "main", loader);
      consumer[loader]->record().tid = kTid;
    }
    root.note("loader.1.name", "train");
    root.note("loader.2.name", "validation: photos");
    root.note("loader.workers", "7");
    root.note("loader.2.workers", "1");
  }
  static FileOptions options() {
    FileOptions options;
    options.pid = 100;
    options.is_root = true;
    return options;
  }

  // One step that waits and computes for so long, at `at_s` and then on.
  void step(std::uint32_t loader, std::uint64_t id, double wait_s, double compute_s) {
    consumer[loader]->span(kWait, at_s, at_s + wait_s, {.id = id});
    consumer[loader]->span(kCompute, at_s + wait_s, at_s + wait_s + compute_s);
    at_s += wait_s + compute_s;
  }

  // A worker's process for a while; it makes batches all the time.
  void worker(std::uint32_t loader, std::uint32_t index, double from_s, double to_s) {
    FileOptions options;
    options.pid = next_pid++;
    options.parent_pid = 100;
    options.start_s = from_s;
    options.end_state = format::EndState::kOpen;
    FileBuilder& file = workers.emplace_back(options);
    TrackBuilder& track = file.track(kWorker, index, "worker", loader);
    track.start(from_s);
    std::uint64_t id = 0;
    for (double at = from_s; at + 0.01 < to_s; at += 0.01) {
      track.span(kDecode, at, at + 0.008);
      track.span(kCollate, at + 0.008, at + 0.009, {.id = id});
      track.span(kSend, at + 0.009, at + 0.0095, {.id = id++});
    }
    track.finish(to_s);
  }

  Recording open() {
    root.write(folder.path());
    for (const FileBuilder& file : workers) file.write(folder.path());
    return Recording::open(folder.path());
  }

  test::TemporaryFolder folder;
  FileBuilder root;
  TrackBuilder* consumer[3] = {};
  std::deque<FileBuilder> workers;
  std::uint32_t next_pid = 200;
  double at_s = 0.5;
};

inline double phase_s(const Profile& profile, PhaseKind kind) {
  double sum_s = 0;
  for (const Phase& phase : profile.phases)
    if (phase.kind == kind) sum_s += phase.end_s - phase.start_s;
  return sum_s;
}

inline const StageProfile* stage_on(const Profile& profile, const std::string& name,
                                    HandoffThread thread) {
  for (const StageProfile& stage : profile.stages)
    if (stage.name == name && stage.thread == thread) return &stage;
  return nullptr;
}

inline int phases_of(const Profile& profile, PhaseKind kind) {
  int count = 0;
  for (const Phase& phase : profile.phases) count += phase.kind == kind;
  return count;
}

}  // namespace datamon::report
