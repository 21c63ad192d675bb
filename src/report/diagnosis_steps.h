// Evidence from the consumer's steady steps. Pure functions.
#pragma once

#include <cstdint>
#include <vector>

#include "report/diagnosis_evidence.h"

namespace datamon::report {

StepEvidence step_evidence(const Profile& profile);

// Part of the steady input wait that fell on these batches (sorted numbers).
double wait_share_of_batches(const Profile& profile, const std::vector<std::uint64_t>& batches);

}  // namespace datamon::report
