// An open file descriptor in a process that may close descriptors it does not
// know (daemons do) and be given their numbers again: it is closed only if it
// still belongs to the file that we opened. Moves, does not copy; not
// thread-safe.
#pragma once

#include <sys/types.h>

namespace datamon::system {

class OwnDescriptor {
 public:
  OwnDescriptor() = default;
  explicit OwnDescriptor(int descriptor);  // just opened, or -1
  OwnDescriptor(OwnDescriptor&& other) noexcept;
  OwnDescriptor& operator=(OwnDescriptor&& other) noexcept;
  ~OwnDescriptor() { close(); }

  int get() const { return descriptor_; }  // -1: none

 private:
  void close();

  int descriptor_ = -1;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace datamon::system
