#include "trial_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <thread>

#include "child_process.h"

namespace datamon::cli {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto kTick = 20ms;
constexpr auto kFirstLook = 500ms;
// Looking at the recording takes a core from the job: a tenth of one at most.
constexpr int kLooksCost = 10;
// What a job may need to stop its workers and write its last lines.
constexpr auto kAfterInterrupt = 5s, kAfterTerminate = 3s, kOrphansGo = 1s;

constexpr std::array kWatched = {SIGINT, SIGTERM, SIGHUP};
std::atomic<int> noted_signal{0};

void note_signal(int signal) { noted_signal = signal; }

// Field 4 of /proc/PID/stat; the name before it may hold anything.
pid_t parent_of(const fs::path& process) {
  std::ifstream file(process / "stat");
  std::string line;
  std::getline(file, line);
  const std::size_t name_end = line.rfind(')');
  if (name_end == line.npos || name_end + 4 > line.size()) return 0;
  return static_cast<pid_t>(std::strtol(line.c_str() + name_end + 4, nullptr, 10));
}

std::vector<pid_t> descendants() {
  std::multimap<pid_t, pid_t> children;
  std::error_code error;
  for (fs::directory_iterator it("/proc", error), end; !error && it != end; it.increment(error)) {
    const auto pid = static_cast<pid_t>(std::atoi(it->path().filename().c_str()));
    if (pid > 0) children.emplace(parent_of(it->path()), pid);
  }
  std::vector<pid_t> found = {getpid()};
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto [from, to] = children.equal_range(found[i]);
    for (auto it = from; it != to; ++it) found.push_back(it->second);
  }
  found.erase(found.begin());
  return found;
}

// In the child: nothing that allocates. Returns only if it failed.
void become_job(const TrialProcess& trial, char* const* arguments, char* const* environment,
                pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGTERM);  // should we be killed
  if (getppid() != parent) _exit(0);
  for (const int signal : kWatched) ::signal(signal, SIG_DFL);
  const int input = open("/dev/null", O_RDONLY);
  const int output = open(trial.output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0666);
  const int errors = open(trial.errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0666);
  if (input < 0 || output < 0 || errors < 0) return;
  dup2(input, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(errors, STDERR_FILENO);
  for (const int file : {input, output, errors})
    if (file > STDERR_FILENO) close(file);
  execvpe(arguments[0], arguments, environment);
}

// This process's environment with the trial's variables.
std::vector<std::string> environment_of(const TrialProcess& trial) {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != text.npos) variables[text.substr(0, equals)] = text.substr(equals + 1);
  }
  variables.erase("MON_JOINED");  // it begins a recording of its own
  for (const auto& [name, value] : trial.environment) variables[name] = value;
  std::vector<std::string> out;
  for (const auto& [name, value] : variables) out.push_back(name + "=" + value);
  return out;
}

// errno of what went wrong, told through a pipe that exec closes; 0: it runs.
int start(const TrialProcess& trial, pid_t& pid) {
  const std::vector<std::string> variables = environment_of(trial);
  const std::vector<char*> arguments = exec_pointers(trial.command),
                           environment = exec_pointers(variables);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno;
  const pid_t parent = getpid();
  pid = fork();
  if (pid == 0) {
    become_job(trial, arguments.data(), environment.data(), parent);
    const int error = errno;
    [[maybe_unused]] const auto written = write(ends[1], &error, sizeof error);
    _exit(127);
  }
  const int fork_error = pid < 0 ? errno : 0;
  close(ends[1]);
  int error = 0;
  while (pid > 0 && read(ends[0], &error, sizeof error) < 0 && errno == EINTR) {
  }
  close(ends[0]);
  if (pid < 0) return fork_error;
  if (error != 0) waitpid(pid, nullptr, 0);
  return error;
}

// A started job. Reaps it and its orphans.
class RunningJob {
 public:
  explicit RunningJob(pid_t pid) : pid_(pid) {}

  // Its wait status once it has ended.
  std::optional<int> status() {
    int status = 0;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
      if (pid == pid_) status_ = status;
    return status_;
  }

  bool ends_within(steady_clock::duration time) {
    const auto until = steady_clock::now() + time;
    while (!status() && steady_clock::now() < until) std::this_thread::sleep_for(kTick);
    return status_.has_value();
  }

  void end() {
    for (const auto& [signal, grace] :
         {std::pair{SIGINT, kAfterInterrupt}, std::pair{SIGTERM, kAfterTerminate}}) {
      if (status()) return;
      kill(-pid_, signal);
      if (ends_within(grace)) return;
    }
    kill(-pid_, SIGKILL);
    while (!ends_within(1s)) kill(pid_, SIGKILL);
  }

  // What the job left behind: it may end by itself, being without its parent.
  void end_orphans() {
    const auto until = steady_clock::now() + kOrphansGo;
    while (true) {
      status();
      const std::vector<pid_t> left = descendants();
      if (left.empty()) return;
      if (steady_clock::now() >= until)
        for (const pid_t pid : left) kill(pid, SIGKILL);
      std::this_thread::sleep_for(kTick);
    }
  }

 private:
  pid_t pid_;
  std::optional<int> status_;
};

}  // namespace

struct InterruptWatch::Saved {
  std::array<struct sigaction, kWatched.size()> before;
};

InterruptWatch::InterruptWatch() : saved_(std::make_unique<Saved>()) {
  noted_signal = 0;
  for (std::size_t i = 0; i < kWatched.size(); ++i) {
    sigaction(kWatched[i], nullptr, &saved_->before[i]);
    if (saved_->before[i].sa_handler == SIG_IGN && kWatched[i] == SIGHUP) continue;  // nohup
    struct sigaction action = {};
    action.sa_handler = note_signal;
    sigaction(kWatched[i], &action, nullptr);
  }
}

InterruptWatch::~InterruptWatch() {
  for (std::size_t i = 0; i < kWatched.size(); ++i)
    sigaction(kWatched[i], &saved_->before[i], nullptr);
}

int InterruptWatch::signal() { return noted_signal; }

TrialEnd run_trial_process(const TrialProcess& trial, const std::function<bool()>& enough) {
  TrialEnd end;
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  signal(SIGCHLD, SIG_DFL);  // ignored, the kernel would throw exit statuses away
  pid_t pid = 0;
  end.start_error = start(trial, pid);
  if (end.start_error != 0) return end;
  RunningJob job(pid);
  const auto begun = steady_clock::now();
  const auto since = [begun] {
    return std::chrono::duration<double>(steady_clock::now() - begun).count();
  };
  auto next_look = begun + kFirstLook;
  while (!(end.by_itself = job.status().has_value())) {
    end.interrupted = InterruptWatch::signal() != 0;
    if (end.interrupted || since() >= trial.most_seconds) break;
    if (const auto now = steady_clock::now(); now >= next_look) {
      if (enough()) break;
      const auto done = steady_clock::now();
      next_look = done + std::max<steady_clock::duration>(kFirstLook, kLooksCost * (done - now));
    }
    std::this_thread::sleep_for(kTick);
  }
  end.seconds = since();
  job.end();
  const int status = *job.status();
  end.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  job.end_orphans();
  return end;
}

}  // namespace datamon::cli
