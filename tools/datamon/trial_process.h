// Runs a job for a short time and ends it with everything that it started.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace datamon::cli {

struct TrialProcess {
  std::vector<std::string> command;                              // not empty; found in PATH
  std::vector<std::pair<std::string, std::string>> environment;  // on top of this process's
  std::filesystem::path output, errors;  // files for its standard streams; its input is empty
  double most_seconds = 60;              // it is ended after that
};

struct TrialEnd {
  int start_error = 0;       // errno if it could not be started: nothing else holds then
  bool by_itself = false;    // it ended before it was told to
  bool interrupted = false;  // this process got SIGINT or SIGTERM (see InterruptWatch)
  int exit_code = 0;         // the job's; 128 + n if signal n ended it
  double seconds = 0;        // that it ran, without its end
};

// As long as it lives, SIGINT, SIGTERM and SIGHUP to this process are only noted.
// One at a time.
class InterruptWatch {
 public:
  InterruptWatch();
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;
  // The signal that came, or 0.
  static int signal();

 private:
  struct Saved;
  std::unique_ptr<Saved> saved_;
};

// Starts the job in a process group of its own and calls `enough` now and then, for
// a tenth of the time at most. When that says true, the time is up or an InterruptWatch
// has noted a signal, the group gets SIGINT, then SIGTERM, then SIGKILL, each after
// a grace time. Returns when no process that the job started is left, also of those
// that went to other groups or sessions: this process becomes the parent of orphans,
// so it must have no other children. Not thread-safe.
TrialEnd run_trial_process(const TrialProcess& trial, const std::function<bool()>& enough);

}  // namespace datamon::cli
