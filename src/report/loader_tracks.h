// Which tracks of a recording belong to one data loader, and what they do in it.
//
// Roles are taken as the job named them. Where it named none, a thread that
// waits for batches is a consumer, and threads that make them are workers,
// numbered in the order of their start; not those of other processes that ended before
// anybody took a batch. A stage belongs to the loader that its
// definition names, else to the one of the thread it ran on.
#pragma once

#include <cstdint>
#include <vector>

#include "report/builtin_stages.h"
#include "report/profile.h"
#include "report/timeline.h"

namespace datamon::report {

// What the analysis needs to know about each stage of one file, by number.
struct StageFacts {
  StageClass stage_class = StageClass::kOther;
  std::uint16_t loader = 0;
  bool residence = false;  // time spent lying in a queue: nobody works
};
using StageTable = std::vector<StageFacts>;  // index: stage number; unknown ones: kOther

enum class TrackKind { kConsumer, kWorker, kHelper };

struct LoaderTrack {
  const ProcessFile* process = nullptr;
  const Track* track = nullptr;
  const StageTable* stages = nullptr;
  TimeAxis axis;
  TrackKind kind = TrackKind::kHelper;
  HandoffThread handoff = HandoffThread::kNone;  // of a helper
  std::uint32_t rank = 0;
  int index = 0;             // of a worker; of a feeder: its worker's
  std::size_t consumer = 0;  // index of the consumer it works for
  double start_s = 0;        // of the thread
  double end_s = 0;          // of the thread, or of what is known about it
  bool ended = false;        // said that it ended
};

struct LoaderTracks {
  std::vector<LoaderTrack> consumers;
  std::vector<LoaderTrack> workers;  // by consumer, index, start
  std::vector<LoaderTrack> helpers;
  // What the consumers' threads did for other loaders; by consumer.
  std::vector<LoaderTrack> elsewhere;
  std::vector<StageTable> tables;  // of the recording's files
  int loader = 0;
  std::vector<int> loaders;  // of the recording, the one that is waited for longest first
};

// The loader that a stage on a track belongs to.
inline int loader_of(const StageFacts& facts, const Track& track) {
  return facts.loader != 0 ? facts.loader : static_cast<int>(track.record.loader);
}

// Facts of a stage number that may be damaged.
inline const StageFacts& facts_of(const StageTable& table, std::uint16_t stage) {
  return stage < table.size() ? table[stage] : table[0];
}

// Numbers of all loaders: the one that is waited for longest first, unless the consumer is
// longer at another one that costs nearly as much waiting.
std::vector<int> loaders_of(const Recording& recording);

LoaderTracks select_tracks(const Recording& recording, const Timeline& timeline, int wanted_loader);

}  // namespace datamon::report
