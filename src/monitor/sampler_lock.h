// Decides which process of a host samples: a POSIX record lock on
// `sampler-HOST.lock` in the recording directory. The kernel gives it back when
// the process ends in whatever way; a forked child does not have it.
#pragma once

#include <sys/types.h>

namespace datamon::monitor {

// A record lock is lost as soon as the process closes any descriptor of the
// file: it is opened once and nowhere else. Not thread-safe. Errors are values.
class SamplerLock {
 public:
  enum class Result {
    kHeld,    // by this process
    kTaken,   // by another one
    kFailed,  // no such folder, not our file, ...
    kNoLocks  // the file system has no locks
  };

  // Tries to get the lock; cheap when called again.
  Result acquire(const char* directory, const char* host);

  // False once the descriptor was closed behind our back (daemons close all
  // they do not know), and the lock with it.
  bool intact() const;

  // Gives the lock back. In a forked child: closes the inherited descriptor,
  // which leaves the parent's lock alone.
  void release();

 private:
  bool open(const char* directory, const char* host);

  int descriptor_ = -1;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace datamon::monitor
