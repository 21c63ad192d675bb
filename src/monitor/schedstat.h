// The time that the calling thread has waited for a CPU, from
// /proc/thread-self/schedstat.
//
// A few threads of a process keep it open; the others open it for each reading,
// so that the monitor takes at most a sixteenth of the descriptors that the job
// may have, and never more than 32.
//
// Each thread reads with its own; may lie in arena memory (all zero: nothing
// kept). Nothing throws or prints; errno is not kept.
#pragma once

#include <atomic>
#include <cstdint>

namespace datamon::monitor {

class Schedstat {
 public:
  // False if it cannot be read.
  bool read(std::uint64_t& delay_ns);
  static bool read_once(std::uint64_t& delay_ns);

  // True if a reading needs no open().
  bool is_kept() const { return slot_ != nullptr; }

  // The last reading cannot be this thread's: the job may have put something
  // else at the descriptor. It is let go, not closed.
  void distrust();

  // The thread ends.
  void close();

  // In a forked child: closes what its parent's threads kept.
  static void close_inherited();

 private:
  using Slot = std::atomic<int>;  // 0: free; -1: being opened; else a descriptor
  static Slot* keep();

  Slot* slot_;  // outside the arena: a child has to close it
};

}  // namespace datamon::monitor
