// --rates FILE: measures each placement that can run here and writes what an image costs in it, for
// `datamon report --rates FILE` and `datamon forecast --rates FILE` (docs/gpu.md describes the
// file).
#pragma once

#include "flags.h"
#include "pipeline/rates.h"
#include "pipeline/stage_timer.h"

namespace datamon::pipeline {

// Measures, writes flags.rates_file (whole or not at all) and says what was found. Returns the exit
// code. Throws PipelineError when nothing can be measured or the file cannot be written.
int write_rates(const Flags& flags, const Source& source, const StopFlag& interrupted);

// The file's content.
std::string rates_json(const Flags& flags, const MeasuredRates& rates);

}  // namespace datamon::pipeline
