#include "report/problem_log.h"

#include <fmt/format.h>

#include "report/text_units.h"

namespace datamon::report {

void ProblemLog::add(std::uint64_t offset, std::string what) {
  if (problems_.size() < kMostPerFile) {
    problems_.push_back({file_, offset, std::move(what)});
  } else {
    ++left_out_;
  }
}

std::vector<Problem> ProblemLog::take() {
  if (left_out_ > 0) {
    const std::uint64_t last = problems_.back().offset;
    problems_.push_back({file_, last,
                         fmt::format("{} more problem{} behind this one", left_out_,
                                     plural(static_cast<double>(left_out_)))});
    left_out_ = 0;
  }
  return std::move(problems_);
}

}  // namespace datamon::report
