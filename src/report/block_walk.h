// Goes through the blocks of one file and collects what they hold. Every
// length, count and number is checked before it is used; a bad block costs
// itself, and the walk goes on at the next page.
#pragma once

#include <cstddef>
#include <span>

#include "report/problem_log.h"
#include "report/recording.h"

namespace datamon::report {

// Fills stages, tracks, samples, files and notes of `process`, whose header is checked
// already. The views point into `file`.
void walk_blocks(std::span<const std::byte> file, ProcessFile& process, ProblemLog& log);

}  // namespace datamon::report
