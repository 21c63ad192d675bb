// Keeps a mapped file readable when another process truncates it. Reading a
// page behind the new end raises SIGBUS; the guard's handler puts zero pages
// there instead, notes that the file shrank, and the read goes on.
//
// Thread-safe. Installs one process-wide SIGBUS handler at first use; faults at
// other addresses go to the handler that was there before.
#pragma once

#include <cstddef>

namespace datamon::report {

class SigbusGuard {
 public:
  // Guards [data, data + bytes), a whole mapping.
  SigbusGuard(void* data, std::size_t bytes);
  ~SigbusGuard();
  SigbusGuard(const SigbusGuard&) = delete;
  SigbusGuard& operator=(const SigbusGuard&) = delete;

  // True once a read went beyond the file's end.
  bool hit() const;

 private:
  struct Range;
  struct Access;  // the signal handler's way in
  Range* range_;
};

}  // namespace datamon::report
