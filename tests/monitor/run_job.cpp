#include "run_job.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace datamon::test {

namespace fs = std::filesystem;

namespace {

void set_environment(const Folder& folder, const Environment& extra) {
  for (const char* name :
       {"MON_DIR", "MON_JOINED", "MON_MAX_MB", "MON_BUDGET", "MON_CLOCK", "RANK", "LOCAL_RANK",
        "WORLD_SIZE", "MON_NVTX", "MON_NVTX_IN", "MON_NVTX_RULES", "MON_NVTX_CHAIN",
        "NVTX_INJECTION64_PATH", "MON_CUPTI", "MON_CUPTI_LIBRARY", "CUDA_INJECTION64_PATH"})
    ::unsetenv(name);
  ::setenv("ASAN_OPTIONS", "detect_leaks=0", 1);  // its search gets in the way of forks
  ::setenv("MON", "1", 1);
  ::setenv("MON_LIBRARY", DATAMON_LIBRARY, 1);
  ::setenv("JOB_FOLDER", folder.path().c_str(), 1);
  for (const auto& [name, value] : extra)
    value.empty() ? ::unsetenv(name.c_str()) : ::setenv(name.c_str(), value.c_str(), 1);
}

}  // namespace

Outcome run_job(const Folder& folder, const std::vector<std::string>& arguments,
                const Environment& extra) {
  return run_program(DATAMON_JOB, folder, arguments, extra);
}

Outcome run_program(const char* program, const Folder& folder,
                    const std::vector<std::string>& arguments, const Environment& extra) {
  int output[2];
  if (::pipe2(output, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(output[1], STDOUT_FILENO);
    ::dup2(output[1], STDERR_FILENO);
    set_environment(folder, extra);
    if (::chdir(folder.path().c_str()) != 0) ::_exit(98);
    const char* slash = std::strrchr(program, '/');
    std::vector<char*> argv{const_cast<char*>(slash != nullptr ? slash + 1 : program)};
    for (const std::string& argument : arguments)
      argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    ::execv(program, argv.data());
    ::_exit(97);
  }
  ::close(output[1]);
  Outcome outcome;
  char part[4096];
  for (ssize_t got; (got = ::read(output[0], part, sizeof part)) > 0;)
    outcome.output.append(part, static_cast<std::size_t>(got));
  ::close(output[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

report::Recording record(const Folder& folder, const std::vector<std::string>& arguments,
                         Environment extra, int status) {
  extra.emplace_back("MON_DIR", "rec");
  const Outcome outcome = run_job(folder, arguments, extra);
  EXPECT_EQ(outcome.status, status) << outcome.output;
  EXPECT_EQ(outcome.output, "");
  report::Recording recording = report::Recording::open(folder / "rec");
  for (const report::Problem& problem : recording.problems())
    ADD_FAILURE() << problem.file << " at " << problem.offset << ": " << problem.what;
  return recording;
}

std::vector<fs::path> recordings_in(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().filename().string().starts_with("datamon-")) found.push_back(entry.path());
  return found;
}

std::map<std::uint16_t, Sum> sums(const report::ProcessFile& process) {
  std::map<std::uint16_t, Sum> all;
  for (const report::Track& track : process.tracks)
    for (const format::Cell* cell : track.cells) {
      Sum& sum = all[cell->stage];
      sum.count += cell->count;
      sum.wall += cell->wall_ticks;
      sum.self += cell->self_ticks;
      sum.bytes += cell->bytes;
      sum.sampled += cell->sampled_count;
      sum.sampled_self_ns += cell->sampled_self_ns;
      sum.cpu_ns += cell->cpu_ns;
      sum.runqueue_ns += cell->runqueue_ns;
      for (const std::uint32_t bucket : cell->histogram) sum.histogram += bucket;
    }
  return all;
}

std::uint64_t stored_spans(const report::ProcessFile& process) {
  std::uint64_t stored = 0;
  for (const report::Track& track : process.tracks)
    for (const auto& spans : track.spans) stored += spans.size();
  return stored;
}

}  // namespace datamon::test
