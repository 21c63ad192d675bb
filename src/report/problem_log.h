// Collects what is wrong with one file, at most a screenful of it: a damaged
// file may hold thousands of bad places, and the first ones say it all.
//
// Not thread-safe: one log belongs to the thread that reads its file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "report/recording.h"

namespace datamon::report {

class ProblemLog {
 public:
  static constexpr std::size_t kMostPerFile = 16;

  explicit ProblemLog(std::string file) : file_(std::move(file)) {}

  // `offset`: bytes from the start of the file where the trouble begins.
  void add(std::uint64_t offset, std::string what);

  // The problems in order of discovery; the last one counts those left out.
  std::vector<Problem> take();

 private:
  std::string file_;
  std::vector<Problem> problems_;
  std::uint64_t left_out_ = 0;
};

}  // namespace datamon::report
