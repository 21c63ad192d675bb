// All tracks of a process: made when a thread first records, ended with it, and
// taken over by later threads, so that thread churn does not grow the file.
//
// Functions need the process lock unless they say otherwise. Lives in arena
// memory. Nothing throws.
#pragma once

#include <cstdint>
#include <string_view>

#include "monitor/cell_store.h"
#include "monitor/cpu_split.h"
#include "monitor/recording_file.h"
#include "monitor/span_store.h"
#include "monitor/track.h"

namespace datamon::monitor {

class TrackList final : private CellSpace {
 public:
  void start(RecordingFile& file, const SplitSetup& split);

  // A track for the calling thread: that of an ended thread with the same role,
  // index and loader, else a new one, else that of any ended thread. nullptr
  // when there is no space.
  Track* acquire(std::uint32_t role, std::uint32_t index, std::uint32_t loader, std::uint64_t now);

  // The calling thread goes on with another track, found as by acquire(), and
  // leaves `from`, in which no span is open, to whoever is the same again. Its
  // CPU readings go with it. nullptr: stays on `from`. No system call and, as a
  // rule, no allocation: a thread may go to and fro in each step.
  Track* move(Track& from, std::uint32_t role, std::uint32_t index, std::uint32_t loader,
              std::uint64_t now);

  // The calling thread's track ends with it.
  void end(Track& track, std::uint64_t now);

  // Writes the track's counts into the recording.
  void publish(Track& track);

  void next_span_block(Track& track);

  format::Cell* find_cell(Track& track, datamon_stage stage);

  // By the track's thread, without the lock.
  void advance(Track& track, std::uint64_t now);
  void keep_slow(Track& track, const format::SpanRecord& span, std::uint64_t bytes,
                 std::string_view name);

 private:
  Track* find(std::uint32_t role, std::uint32_t index, std::uint32_t loader, std::uint64_t now);
  Track* take_ended(std::uint32_t role, std::uint32_t index, std::uint32_t loader);
  Track* take_longest_ended();
  Track* take(Track** link);
  Track* create(std::uint64_t now);
  void begin(Track& track, std::uint32_t tid, std::uint64_t now);
  void park(Track& track, std::uint64_t now);
  void forget_cells(Track& track);
  static SpanStore* next_victim(void* list);

  format::BlockHeader* cell_block(std::uint32_t track, std::uint32_t owned, bool urgent) override;
  void* memory(std::size_t bytes) override;

  RecordingFile* file_;
  SplitSetup split_;
  SpanPool spans_;
  Track* first_;
  Track* ended_;        // the latest first
  Track* spare_track_;  // for the next create()
  CpuSplit* spare_split_;
  std::uint32_t count_;
  std::uint32_t live_;
  std::uint64_t cell_blocks_;
  int shift_;  // of the narrowest window
};

}  // namespace datamon::monitor
