// Splits the wall time of chosen spans into on-CPU, waiting for a CPU and
// blocked, by reading the thread's CPU time where spans begin and end, and the
// kernel's run-queue and page-fault counts where the thread was off the CPU.
//
// Which span trees are chosen is random, so that no period of the job can hide
// from it, and as rare as it takes to stay within the budget. The unit is a
// depth-0 span with all in it; inside one that lasts too long, its inner spans.
//
// Belongs to the track's thread; lives in arena memory. Nothing throws, prints
// or changes errno.
#pragma once

#include <cstdint>

#include "format/recording_format.h"
#include "monitor/probe.h"
#include "monitor/schedstat.h"

namespace datamon::monitor {

inline constexpr std::uint32_t kMaxDepth = 64;

enum class SplitKind { kNone, kCpuOnly, kFull };
const char* to_string(SplitKind kind);

// What can be read here, what a reading costs, and how much may be spent.
struct SplitSetup {
  SplitKind kind;
  std::uint64_t budget_ppm;       // of wall time
  std::uint64_t cpu_ticks;        // to read the CPU time
  std::uint64_t scheduler_ticks;  // to read the run queue and the page faults
  std::uint64_t open_ticks;       // to open and close what they are read from
};

// Tries what this kernel offers; takes about 0.1 ms.
SplitSetup probe_split(std::uint64_t budget_ppm);

// Readings of one span that was open, exclusive of its nested spans.
struct SpanSplit {
  std::uint64_t wall_ns;
  std::uint64_t cpu_ns;
  std::uint64_t runqueue_ns;
  std::uint64_t fault_ns;
  std::uint64_t major_faults;
};

class CpuSplit {
 public:
  void start(const SplitSetup& setup, std::uint64_t now, std::uint64_t seed);

  bool active() const { return active_; }

  // How many units to pass over from now on (at least 1 is the next unit). None
  // during an experiment (probe.h), which then is not on the books.
  std::uint32_t next_skip(std::uint64_t now);

  // A unit begins at this depth: takes the first readings.
  void begin_unit(std::uint32_t depth);

  // A span of the unit begins at `depth`, or ends there: what passed since the
  // last reading belongs to the innermost span open until now.
  void boundary(std::uint32_t innermost);

  // When the span that the latest boundary() ended was over, if it seemed to be at
  // `now`. A reading makes the kernel check the thread's time slice: a thread
  // that has used it up loses the CPU in the reading, not a little earlier, and
  // the wait is that span's, not its parent's.
  std::uint64_t end_of_span(std::uint64_t now) const;

  // The readings of the span at `depth` until the latest boundary().
  const SpanSplit& so_far(std::uint32_t depth) const { return splits_[depth]; }

  // The readings of the span at `depth`, which has ended; makes it ready for the
  // next one. False if none belong to it.
  bool take(std::uint32_t depth, SpanSplit& split);

  // True when the unit has cost more than it may; it is then ended by
  // end_unit().
  bool too_dear() const { return unit_ticks_ > dear_ticks_ && !probe_is_on(); }
  void end_unit();

  std::uint32_t unit_depth() const { return unit_depth_; }
  std::uint64_t spent_ticks() const { return spent_ticks_; }
  std::uint64_t sampled() const { return sampled_; }
  std::uint64_t skipped() const { return skipped_; }

  // Closes what belongs to the thread.
  void stop();

 private:
  void forgive(std::uint64_t now);
  bool read_scheduler();
  std::uint64_t scheduler_cost() const;
  void charge(std::uint64_t ticks);

  SplitSetup setup_;
  bool active_;
  Schedstat schedstat_;
  std::uint64_t random_;
  std::uint32_t unit_depth_;
  std::uint32_t skip_;
  // At the latest reading.
  std::uint64_t ticks_;
  std::uint64_t cpu_ns_;
  std::uint64_t runqueue_ns_;
  std::uint64_t major_faults_;
  // The controller's books.
  std::uint64_t start_ticks_;
  std::uint64_t spent_ticks_;
  std::uint64_t unit_ticks_;
  std::uint64_t dear_ticks_;
  std::uint64_t sampled_;
  std::uint64_t skipped_;
  std::uint64_t mean_cost_ticks_;
  // Of spent_ticks_, and of the units, what start_ticks_ does not know of.
  std::uint64_t forgiven_ticks_;
  std::uint64_t forgiven_units_;
  SpanSplit splits_[kMaxDepth];
  bool has_split_[kMaxDepth];
};

}  // namespace datamon::monitor
