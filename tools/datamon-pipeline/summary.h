// What datamon-pipeline prints: for people, and with --json for programs.
#pragma once

#include <string>

#include "flags.h"
#include "pipeline/consumer.h"
#include "pipeline/source.h"

namespace datamon::pipeline {

// Before the run: what will be loaded, how, and the memory it takes.
std::string describe_start(const Flags& flags, const Source& source);

// After the run.
std::string describe_end(const Flags& flags, const RunSummary& summary);
std::string to_json(const Flags& flags, const Source& source, const RunSummary& summary);

// Any bytes as text for a terminal: control characters and broken UTF-8 as \xNN.
std::string printable(std::string_view bytes);

}  // namespace datamon::pipeline
