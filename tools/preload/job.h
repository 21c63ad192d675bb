// Whether this process is recorded, and the monitor of it. With MON unset the
// shim passes every call on and nothing else.
//
// The monitor is opened by the first read of a data file or decoded image and
// not at the start, so that the many small programs of a job (sh, env, git)
// leave no recording. Thread-safe; waits for another thread 0.2 s at most, while
// that one opens the monitor; errno is kept.
#pragma once

#include "datamon/monitor.h"

namespace datamon::preload {

extern bool g_wanted;  // set by the constructor, never changed afterwards
extern __thread bool t_inside __attribute__((tls_model("initial-exec")));

// MON asks for a recording, and this thread is not in the monitor already.
inline bool recording_wanted() { return __builtin_expect(g_wanted, 0) && !t_inside; }

// The monitor's functions; nullptr if this process is not recorded, or not now:
// another thread takes long to open the monitor, or this is a vfork child.
const datamon_api* monitor();

// False in a child of vfork() (or of a clone without handlers), which lives in
// its parent's memory and must leave the parent's state alone. A system call.
bool owns_memory();

// Ticks of the recording's clock in a microsecond; 0 while unknown.
unsigned long ticks_per_us(const datamon_api& monitor);

// While one lives, calls on this thread pass straight through: they are the
// monitor's own, or a signal handler's. Keeps errno.
class Inside {
 public:
  Inside();
  ~Inside();
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

 private:
  int errno_;
  bool before_;
};

}  // namespace datamon::preload
