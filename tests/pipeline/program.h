// Runs a real program as a child process, with its output and exit status.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace datamon::pipeline::test {

struct Outcome {
  int exit_code = -1;      // -1: it did not exit
  int signal = 0;          // that killed it
  bool timed_out = false;  // and was killed for it
  std::string out, err;
};

class Program {
 public:
  // Starts it; `environment` holds "NAME=VALUE"s on top of the present one.
  explicit Program(const std::vector<std::string>& command,
                   const std::vector<std::string>& environment = {});
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  pid_t pid() const { return pid_; }
  void send(int signal) const;
  // To it and its children, as a terminal does.
  void send_to_group(int signal) const;
  // The child processes that it has now.
  std::vector<pid_t> children() const;
  // Waits for its end, at most `seconds`, then kills it.
  Outcome wait(double seconds = 60);

 private:
  void read_output(int timeout_ms, Outcome& outcome);
  pid_t pid_ = -1;
  int out_ = -1, err_ = -1;
};

// The program under test, built beside the tests.
std::string pipeline_program();

// Runs datamon-pipeline to its end.
Outcome run_program(std::vector<std::string> arguments,
                    const std::vector<std::string>& environment = {}, double seconds = 60);

}  // namespace datamon::pipeline::test
