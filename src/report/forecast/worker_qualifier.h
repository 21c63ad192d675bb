// too-few-workers, judged by what twice as many would bring. Pure.
#pragma once

#include "report/forecast/candidates.h"

namespace datamon::report {

// Names the qualifier where twice the workers would bring a tenth for sure, also
// where few batches hold up many workers or other programs share the cores; takes it
// away where they may bring nothing (a storage that may be at its limit). Leaves the
// verdict as it is where no such forecast was made.
void judge_workers(const ForecastSection& section, Diagnosis& diagnosis);

}  // namespace datamon::report
