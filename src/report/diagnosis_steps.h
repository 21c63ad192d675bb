// Evidence from the consumer's steady steps. Pure functions.
#pragma once

#include <cstddef>
#include <vector>

#include "report/diagnosis_evidence.h"

namespace datamon::report {

StepEvidence step_evidence(const Profile& profile);

// Part of the steady input wait that fell on these batches: places in profile.batches, whose
// `waits` are those of waits_for_batches().
double wait_share_of_batches(const Profile& profile, const std::vector<double>& waits,
                             const std::vector<std::size_t>& batches);

}  // namespace datamon::report
