// For runs that nobody stops.
#pragma once

#include "pipeline/clock.h"

namespace datamon::pipeline::test {

inline const StopFlag kGoOn{0};

}  // namespace datamon::pipeline::test
