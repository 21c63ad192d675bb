// The slow ways of the recording calls, one at a time on a thread: a signal
// handler that comes upon one of them is refused.
#pragma once

#include <cerrno>

#include "monitor/process.h"

namespace datamon::monitor {

// Enters the slow path unless this thread is in it already; keeps errno.
class SlowPath {
 public:
  SlowPath() : entered_(enter_slow_path()) {}
  ~SlowPath() {
    if (!entered_) return;
    leave_slow_path();
    errno = errno_;
  }
  SlowPath(const SlowPath&) = delete;
  SlowPath& operator=(const SlowPath&) = delete;
  explicit operator bool() const { return entered_; }

 private:
  int errno_ = errno;
  bool entered_;
};

}  // namespace datamon::monitor
