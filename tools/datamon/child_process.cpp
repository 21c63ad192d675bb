#include "child_process.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

extern char** environ;

namespace datamon::cli {
namespace {

constexpr std::array kForwarded = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
std::atomic<pid_t> child_pid{0};

// From the terminal (sent by the kernel) the whole process group gets it.
void forward(int signal, siginfo_t* info, void*) {
  const int saved = errno;
  const pid_t child = child_pid.load();
  if (info->si_code <= 0 && child > 0) kill(child, signal);
  errno = saved;
}

// Forwards signals as long as it lives; they are held back until release().
class SignalForwarding {
 public:
  SignalForwarding() {
    sigset_t held;
    sigemptyset(&held);
    for (int signal : kForwarded) sigaddset(&held, signal);
    sigprocmask(SIG_BLOCK, &held, &mask_before_);
    for (std::size_t i = 0; i < kForwarded.size(); ++i) {
      sigaction(kForwarded[i], nullptr, &before_[i]);
      if (before_[i].sa_handler == SIG_IGN) continue;
      struct sigaction action = {};
      action.sa_sigaction = forward;
      action.sa_flags = SA_SIGINFO | SA_RESTART;
      sigemptyset(&action.sa_mask);
      sigaction(kForwarded[i], &action, nullptr);
    }
    // With SIGCHLD ignored the kernel would throw the exit status away.
    struct sigaction defaults = {};
    defaults.sa_handler = SIG_DFL;
    sigaction(SIGCHLD, &defaults, nullptr);
  }
  ~SignalForwarding() {
    child_pid = 0;
    for (std::size_t i = 0; i < kForwarded.size(); ++i)
      sigaction(kForwarded[i], &before_[i], nullptr);
    release();
  }
  SignalForwarding(const SignalForwarding&) = delete;
  SignalForwarding& operator=(const SignalForwarding&) = delete;

  const sigset_t& mask_before() const { return mask_before_; }
  void release() const { sigprocmask(SIG_SETMASK, &mask_before_, nullptr); }

 private:
  sigset_t mask_before_;
  std::array<struct sigaction, kForwarded.size()> before_{};
};

int spawn(const std::vector<std::string>& command, const sigset_t& mask, pid_t& pid) {
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &mask);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  const std::vector<char*> arguments = exec_pointers(command);
  const int error =
      posix_spawnp(&pid, arguments[0], nullptr, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  return error;
}

}  // namespace

std::vector<char*> exec_pointers(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (const std::string& s : strings) out.push_back(const_cast<char*>(s.c_str()));
  out.push_back(nullptr);
  return out;
}

ChildResult run_child(const std::vector<std::string>& command,
                      const std::vector<std::pair<std::string, std::string>>& environment) {
  for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
  ChildResult result;
  const SignalForwarding forwarding;
  pid_t pid = 0;
  result.start_error = spawn(command, forwarding.mask_before(), pid);
  if (result.start_error != 0) {
    result.exit_code = result.start_error == ENOENT ? 127 : 126;
    return result;
  }
  child_pid = pid;
  forwarding.release();
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) {
    result.signal = WTERMSIG(status);
    result.exit_code = 128 + result.signal;
  } else {
    result.exit_code = WEXITSTATUS(status);
  }
  return result;
}

}  // namespace datamon::cli
