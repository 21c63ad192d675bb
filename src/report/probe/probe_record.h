// What an experiment left: the file HOST.probe of a recording, checked.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "format/probe_format.h"

namespace datamon::report {

// A copy of one moment of the file. The header's counts and times are possible ones, if
// the schedule has begun (start_ns > 0).
struct ProbeRecord {
  format::ProbeHeader header{};
  std::vector<format::ProbeWindow> windows;  // up to the last one in which anything happened

  bool begun() const { return header.start_ns != 0; }
};

// Throws RecordingError that says what is wrong with the file.
ProbeRecord read_probe(const std::filesystem::path& file);

// Of a recording's folder: its files of that kind; empty where there is none.
std::vector<std::filesystem::path> probe_files(const std::filesystem::path& folder);

}  // namespace datamon::report
