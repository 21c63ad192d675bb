// Evidence about those who make batches: workers, or the consumer itself. Pure.
#pragma once

#include <vector>

#include "report/diagnosis_evidence.h"

namespace datamon::report {

// `waits`: of waits_for_batches().
MakerEvidence maker_evidence(const Profile& profile, const std::vector<double>& waits);

}  // namespace datamon::report
