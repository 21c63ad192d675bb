// Runs monitor_job as a real process and reads what it recorded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "report/recording.h"
#include "temporary_folder.h"

namespace datamon::test {

class Folder : public TemporaryFolder {
 public:
  std::filesystem::path operator/(const char* name) const { return path() / name; }
};

using Environment = std::vector<std::pair<std::string, std::string>>;

struct Outcome {
  int status = 0;      // exit code, or 128 + signal
  std::string output;  // stdout and stderr
};

// Runs it in `folder` with nothing of the test's own MON_* variables, with MON=1
// and MON_LIBRARY unless `extra` says otherwise (an empty value unsets).
Outcome run_job(const Folder& folder, const std::vector<std::string>& arguments,
                const Environment& extra = {});
// The same for another program.
Outcome run_program(const char* program, const Folder& folder,
                    const std::vector<std::string>& arguments, const Environment& extra = {});

// Runs the job into `folder`/rec and expects this status, no output, and a
// recording without problems.
report::Recording record(const Folder& folder, const std::vector<std::string>& arguments,
                         Environment extra = {}, int status = 0);

// The directories named datamon-* in the folder.
std::vector<std::filesystem::path> recordings_in(const std::filesystem::path& folder);

// Sums over all cells of one stage.
struct Sum {
  std::uint64_t count = 0, wall = 0, self = 0, bytes = 0;
  std::uint64_t sampled = 0, sampled_self_ns = 0, cpu_ns = 0, runqueue_ns = 0;
  std::uint64_t histogram = 0;
};
std::map<std::uint16_t, Sum> sums(const report::ProcessFile& process);

// Of the spans that are stored one by one.
std::uint64_t stored_spans(const report::ProcessFile& process);

}  // namespace datamon::test
