// Other settings for a trial of `datamon tune`.
#pragma once

#include <string>

#include "pipeline/options.h"

namespace datamon::pipeline {

// Makes the changes that the environment variable MON_TUNE names, if it is set:
// workers, prefetch and persistent (which is --new-workers turned round); there is
// nothing to pin. Returns "" or what is wrong with it: then nothing is changed.
std::string take_tuned_settings(PipelineOptions& options);

// The same for a given text. `kept` gets the settings that mean nothing here.
std::string take_tuned_settings(const std::string& text, PipelineOptions& options,
                                std::string& kept);

}  // namespace datamon::pipeline
