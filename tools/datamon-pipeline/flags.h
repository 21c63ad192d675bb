// The command line of datamon-pipeline; every flag is declared here, once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "pipeline/options.h"

namespace datamon::pipeline {

struct Flags {
  std::string dataset;
  bool json = false;
  std::string rates_file;             // not "": measure the placements instead of a run
  std::uint64_t max_batch_bytes = 0;  // not 0: options.batch is the largest that fits
  PipelineOptions options;
};

// The flags, or the exit code when nothing is to be run (--help, a wrong flag: already printed).
struct ParsedFlags {
  std::optional<Flags> flags;
  int exit_code = 0;
};
ParsedFlags parse_flags(int argc, char** argv);

}  // namespace datamon::pipeline
