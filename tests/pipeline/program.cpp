#include "program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <stdexcept>

namespace datamon::pipeline::test {
namespace {

[[noreturn]] void become(const std::vector<std::string>& command,
                         const std::vector<std::string>& environment) {
  for (const std::string& entry : environment) {
    const auto equals = entry.find('=');
    setenv(entry.substr(0, equals).c_str(), entry.substr(equals + 1).c_str(), 1);
  }
  std::vector<char*> arguments;
  for (const std::string& argument : command)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());
  _exit(127);
}

// Takes what there is; closes at the end.
void drain(int& descriptor, std::string& to) {
  char buffer[65536];
  const ssize_t got = read(descriptor, buffer, sizeof buffer);
  if (got > 0) {
    to.append(buffer, static_cast<std::size_t>(got));
  } else {
    close(descriptor);
    descriptor = -1;
  }
}

}  // namespace

Program::Program(const std::vector<std::string>& command,
                 const std::vector<std::string>& environment) {
  int out[2], err[2];
  if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("no fork");
  if (pid_ == 0) {
    setpgid(0, 0);
    dup2(out[1], STDOUT_FILENO);
    dup2(err[1], STDERR_FILENO);
    become(command, environment);
  }
  close(out[1]);
  close(err[1]);
  out_ = out[0];
  err_ = err[0];
}

Program::~Program() {
  if (pid_ > 0) wait(0);
}

void Program::send(int signal) const { kill(pid_, signal); }

void Program::send_to_group(int signal) const { kill(-pid_, signal); }

std::vector<pid_t> Program::children() const {
  std::ifstream file(fmt::format("/proc/{}/task/{}/children", pid_, pid_));
  std::vector<pid_t> pids;
  for (pid_t pid = 0; file >> pid;) pids.push_back(pid);
  return pids;
}

void Program::read_output(int timeout_ms, Outcome& outcome) {
  pollfd waits[] = {{out_, POLLIN, 0}, {err_, POLLIN, 0}};
  poll(waits, 2, timeout_ms);
  if (out_ >= 0 && waits[0].revents != 0) drain(out_, outcome.out);
  if (err_ >= 0 && waits[1].revents != 0) drain(err_, outcome.err);
}

Outcome Program::wait(double seconds) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::duration<double>(seconds);
  Outcome outcome;
  // The output ends when the program and all that it started have ended.
  while (out_ >= 0 || err_ >= 0) {
    if (Clock::now() > deadline && !outcome.timed_out) {
      outcome.timed_out = true;
      send(SIGKILL);
    }
    if (outcome.timed_out && Clock::now() > deadline + std::chrono::seconds(2)) break;
    read_output(20, outcome);
  }
  for (int* descriptor : {&out_, &err_}) {
    if (*descriptor >= 0) close(*descriptor);
    *descriptor = -1;
  }
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  if (WIFEXITED(status)) outcome.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) outcome.signal = WTERMSIG(status);
  return outcome;
}

std::string pipeline_program() { return DATAMON_PIPELINE_PROGRAM; }

Outcome run_program(std::vector<std::string> arguments, const std::vector<std::string>& environment,
                    double seconds) {
  arguments.insert(arguments.begin(), pipeline_program());
  return Program(arguments, environment).wait(seconds);
}

}  // namespace datamon::pipeline::test
