// The stages of this process. Numbers stay the same in forked children, whose
// code keeps them in variables; so this is not arena memory but append-only
// tables, whole at whatever moment a fork takes place.
//
// define() and write_all() need the process lock; class_of() and name_of() may be
// called by any thread at any time. Errors are values.
#pragma once

#include <cstdint>
#include <string_view>

#include "datamon/monitor.h"
#include "monitor/recording_file.h"

namespace datamon::monitor {

// The number that the same name, class and loader has, or a new one, which is
// also written to the file; DATAMON_NO_STAGE beyond DATAMON_MAX_STAGES.
datamon_stage define_stage(std::string_view name, std::uint32_t stage_class, std::uint32_t loader,
                           RecordingFile& file);

// Writes the built-in stages and all defined so far into a fresh file.
void write_stages(RecordingFile& file);

// The name of a stage, "" if unknown; lives as long as the process.
std::string_view name_of_stage(datamon_stage stage);

// datamon_class of a stage; DATAMON_CLASS_OTHER if unknown.
std::uint32_t class_of_stage(datamon_stage stage);

}  // namespace datamon::monitor
