// The recorded machines of fakeroot/ (see its README.md).
#pragma once

#include <memory>
#include <string>

#include "system/proc_file.h"

namespace datamon::test {

inline std::string fakeroot(const std::string& machine) {
  return std::string(DATAMON_FAKEROOT) + "/" + machine;
}

// Scratch memory for readers, too large for some stacks.
class ScratchMemory {
 public:
  operator system::Scratch&() { return *memory_; }

 private:
  std::unique_ptr<system::Scratch> memory_ = std::make_unique<system::Scratch>();
};

}  // namespace datamon::test
