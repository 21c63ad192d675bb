#include "nvtx_job.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

namespace datamon::test {

Environment reading(Environment more) {
  more.emplace_back("NVTX_INJECTION64_PATH", NVTX_READER);
  more.emplace_back("MON_DIR", "rec");
  return more;
}

report::Recording record_ranges(const Folder& folder, const std::string& name,
                                Environment environment) {
  const Outcome outcome = run_program(NVTX_JOB, folder, {name, NVTX_PLUGIN}, environment);
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.output, "");
  report::Recording recording = report::Recording::open(folder / "rec");
  for (const report::Problem& problem : recording.problems())
    ADD_FAILURE() << problem.file << " at " << problem.offset << ": " << problem.what;
  return recording;
}

std::map<std::string, std::uint64_t> counts(const report::ProcessFile& process) {
  std::map<std::string, std::uint64_t> by_name;
  for (const auto& [id, sum] : sums(process)) by_name[process.stage(id)->name] += sum.count;
  return by_name;
}

std::string calls_file(const Folder& folder) { return (folder / "calls").string(); }

std::vector<Calls> calls_seen(const Folder& folder) {
  std::vector<std::pair<long, Calls>> by_pid;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("calls.")) continue;
    std::ifstream file(entry.path());
    Calls calls;
    for (std::string line; std::getline(file, line);) {
      const std::size_t blank = line.rfind(' ');
      calls[line.substr(0, blank)] = std::stol(line.substr(blank + 1));
    }
    by_pid.emplace_back(std::stol(name.substr(6)), std::move(calls));
  }
  std::sort(by_pid.begin(), by_pid.end());
  std::vector<Calls> all;
  for (auto& [pid, calls] : by_pid) all.push_back(std::move(calls));
  return all;
}

}  // namespace datamon::test
