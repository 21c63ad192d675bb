// What the job noted about its data loaders: `loader.N.KEY` of loader N, else
// `loader.KEY` (docs/recording-format.md). Several processes may have written
// the same; the first in the recording's order counts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/recording.h"

namespace datamon::report {

// A note of the job; "" if none was written.
std::string_view job_note(const Recording& recording, std::string_view key);

class LoaderNotes {
 public:
  // `recording` must outlive this.
  LoaderNotes(const Recording& recording, int loader);

  std::string_view text(std::string_view key) const;
  std::optional<int> number(std::string_view key) const;  // a whole number in 0..10^9
  int flag(std::string_view key) const;                   // 0, 1; -1: not noted
  int batch_size() const { return batch_size_; }          // 0: not noted

 private:
  const Recording& recording_;
  const int loader_;
  int batch_size_ = 0;
};

// The reader's problems, behind what the job itself says could not be recorded
// (`job.incomplete`), each sentence once.
std::vector<Problem> problems_of(const Recording& recording);
bool is_jobs_own(const Problem& problem);

}  // namespace datamon::report
