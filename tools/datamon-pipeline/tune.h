// Other settings for a trial of `datamon tune`.
#pragma once

#include <string>

#include "pipeline/options.h"

namespace datamon::pipeline {

// Makes the changes that the environment variable MON_TUNE names, if it is set:
// workers, prefetch and persistent (which is --new-workers turned round); there is
// nothing to pin. Returns "" or what is wrong with it: then nothing is changed.
std::string take_tuned_settings(PipelineOptions& options);

}  // namespace datamon::pipeline
