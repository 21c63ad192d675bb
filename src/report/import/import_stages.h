// Stages of an imported profile from durations. Pure.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "report/profile.h"

namespace datamon::report {

// Sorts `lengths_s`. `self_s` below 0: all of it.
StageProfile stage_of_lengths(std::string name, StageClass stage_class,
                              std::vector<double> lengths_s, double self_s = -1);

// Fills in the shares of those that make batches.
void set_shares(std::vector<StageProfile>& stages);

// A profile in which nothing of the machine or the monitor is known.
Profile empty_import();

}  // namespace datamon::report
