// The cells of one track: exact sums per stage and time window, in bounded
// space. A stage's cells never overlap; windows are dyadic, and get wider when
// the run gets longer or space gets scarce: neighbours are then merged, in steps
// after each of which a reader finds every span exactly once.
//
// Belongs to the track's thread; only the file and the budget behind CellSpace
// are shared. Lives in arena memory. Nothing throws.
#pragma once

#include <cstdint>

#include "datamon/monitor.h"
#include "format/recording_format.h"

namespace datamon::monitor {

// Where blocks of cells come from.
class CellSpace {
 public:
  // A published, zeroed kCells block of the track. `owned`: how many the track
  // has; `urgent`: nothing else helps, so its share does not matter. nullptr: no.
  virtual format::BlockHeader* cell_block(std::uint32_t track, std::uint32_t owned,
                                          bool urgent) = 0;
  // Zeroed private memory; nullptr: none.
  virtual void* memory(std::size_t bytes) = 0;

 protected:
  ~CellSpace() = default;
};

class CellStore {
 public:
  static constexpr std::uint32_t kMaxWindows = 64;

  // `shift`: the narrowest window. Called once, on zeroed memory.
  void start(CellSpace& space, format::BlockHeader& track_block, int shift,
             std::uint64_t first_ticks);

  // Goes on to the window of `now`; coarsens when there would be too many.
  void advance(std::uint64_t now);

  // When the current window ends, in ticks.
  std::uint64_t window_end() const { return (window_ + 1) << shift_; }

  // The stage's cell of the current window; nullptr when there is no space even
  // for one. May coarsen: every Cell* handed out before is void if
  // coarsenings() has changed.
  format::Cell* current(datamon_stage stage);

  std::uint32_t coarsenings() const { return coarsenings_; }
  int shift() const { return shift_; }
  std::uint32_t stage_count() const { return stage_count_; }
  datamon_stage stage(std::uint32_t i) const { return stages_[i]; }

 private:
  static constexpr std::uint32_t kPageEntries = 1024;
  static constexpr std::uint32_t kMaxPages = 256;
  static constexpr int kMaxShift = 62;
  struct Entry {
    format::Cell* cell;
    std::uint32_t next;  // an older cell of the stage, or the next free one; number + 1
  };

  Entry& entry(std::uint32_t number) {
    return pages_[number / kPageEntries][number % kPageEntries];
  }
  std::uint64_t window_at(const format::Cell& cell) const;
  bool is_current(const format::Cell& cell) const;
  bool grow(bool urgent);
  void add_entries(format::BlockHeader& block);
  std::uint32_t take_free();
  void give_free(std::uint32_t number);
  bool make_room(datamon_stage stage);
  void coarsen();
  void regroup(datamon_stage stage);
  std::uint32_t merge(std::uint32_t a, std::uint32_t b, std::uint64_t window);

  CellSpace* space_;
  format::BlockHeader* track_block_;
  std::uint64_t first_ticks_;
  std::uint64_t window_;
  int shift_;
  std::uint32_t coarsenings_;
  std::uint32_t blocks_;
  std::uint32_t cells_;  // in all blocks
  std::uint32_t live_;
  std::uint32_t free_;     // number + 1
  std::uint32_t scratch_;  // number + 1
  std::uint32_t stage_count_;
  std::uint32_t newest_[DATAMON_MAX_STAGES];  // number + 1
  datamon_stage stages_[DATAMON_MAX_STAGES];  // those with cells
  Entry* pages_[kMaxPages];
};

// The sums of a and b (or of a alone, if they are the same) into `to`.
void add_cells(format::Cell& to, const format::Cell& a, const format::Cell& b);

}  // namespace datamon::monitor
