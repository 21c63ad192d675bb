// Runs the jobs of this folder and reads what they recorded and what the counting
// tool saw.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "monitor/run_job.h"

namespace datamon::test {

// With the NVTX reader in the place where NVTX looks for a tool.
Environment reading(Environment more = {});

// Runs nvtx_job NAME into `folder`/rec; expects that it succeeds and says nothing.
report::Recording record_ranges(const Folder& folder, const std::string& name,
                                Environment environment = reading());

// How many spans each stage has in the process, by the stage's name.
std::map<std::string, std::uint64_t> counts(const report::ProcessFile& process);

// What the counting tool wrote at the end of its processes: one map a process,
// the job's own first.
using Calls = std::map<std::string, long>;
std::vector<Calls> calls_seen(const Folder& folder);

// The tool's file in the folder, for COUNTING_TOOL.
std::string calls_file(const Folder& folder);

}  // namespace datamon::test
