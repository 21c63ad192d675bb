// Measures what is done with a data file: a read span, and the file's counts.
#pragma once

#include <cstdint>

#include "open_files.h"

namespace datamon::preload {

// One call that reads; begun before the real one, ended behind it. Not RAII: a
// thread may be cancelled inside the call, and then nothing is counted.
class Reading {
 public:
  explicit Reading(OpenFile& file);
  // `bytes` came from the file; errno is kept.
  void end(std::uint64_t bytes);

 private:
  OpenFile& file_;
  const datamon_api* monitor_;
  std::uint64_t span_ = 0;
  std::uint64_t start_ = 0;
  bool first_ = false;
};

void count_mapping(OpenFile& file, std::uint64_t bytes);

// Counts what this thread had fetched from storage since it began on the file.
void count_storage(OpenFile& file);

}  // namespace datamon::preload
