// A file descriptor that is closed with the object, unless it is borrowed. Does not copy
// or move; not thread-safe.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace datamon::report {

class Descriptor {
 public:
  explicit Descriptor(int number, bool owned = true)  // just opened, or -1
      : number_(number), owned_(owned && number >= 0) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return number_; }  // -1: none

  // Closes it now, if it is owned; 0, or errno of what was written earlier and failed.
  int close() {
    if (!std::exchange(owned_, false)) return 0;
    return ::close(number_) == 0 ? 0 : errno;
  }

 private:
  const int number_;
  bool owned_;
};

}  // namespace datamon::report
