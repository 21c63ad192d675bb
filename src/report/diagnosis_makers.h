// Evidence about those who make batches: workers, or the consumer itself. Pure.
#pragma once

#include "report/diagnosis_evidence.h"

namespace datamon::report {

MakerEvidence maker_evidence(const Profile& profile);

}  // namespace datamon::report
