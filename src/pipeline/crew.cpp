#include "pipeline/crew.h"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <system_error>
#include <utility>

#include "pipeline/error.h"
#include "pipeline/worker.h"

namespace datamon::pipeline {
namespace {

constexpr std::int64_t kPatience_ns = 5'000'000'000;  // for a worker to end by itself

std::size_t lane_bytes_for(const PipelineOptions& options) {
  const std::size_t bytes =
      sizeof(Lane) + static_cast<std::size_t>(options.prefetch) * sizeof(std::uint32_t);
  return (bytes + alignof(Lane) - 1) / alignof(Lane) * alignof(Lane);
}

std::size_t lanes_for(const PipelineOptions& options) {
  return static_cast<std::size_t>(options.workers > 0 ? options.workers : 1);
}

// The process that forked this one; set in the child.
pid_t forked_by = 0;
bool parent_gone() { return getppid() != forked_by; }
bool never() { return false; }

// Signals that end the job are the consumer's business: it ends the workers.
void leave_signals_to_consumer() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

Trouble death(int worker, pid_t pid, int status) {
  Trouble trouble{worker, fmt::format("worker {} (process {}) ", worker, pid), {}};
  if (!WIFSIGNALED(status)) {
    trouble.what += fmt::format("ended by itself with exit code {}", WEXITSTATUS(status));
    return trouble;
  }
  const int signal = WTERMSIG(status);
  trouble.what += fmt::format("was killed by signal {} ({})", signal, strsignal(signal));
  if (signal == SIGKILL)
    trouble.hint = "if nobody did that, memory ran out: use fewer --workers or a smaller --batch";
  return trouble;
}

}  // namespace

Crew::Crew(const Source& source, const PipelineOptions& options, const SlotMemory& slots)
    : source_(source),
      options_(options),
      slots_(slots),
      memory_(sizeof(Control) + lanes_for(options) * lane_bytes_for(options),
              Mapping::Sharing::with_forked),
      lane_bytes_(lane_bytes_for(options)),
      control_(new (memory_.data()) Control()) {
  for (std::size_t i = 0; i < lanes_for(options); ++i)
    new (memory_.data() + sizeof(Control) + i * lane_bytes_) Lane();
}

Crew::~Crew() { stop(); }

Lane& Crew::lane(int worker) const {
  return *reinterpret_cast<Lane*>(memory_.data() + sizeof(Control) +
                                  static_cast<std::size_t>(worker) * lane_bytes_);
}

void Crew::start() {
  control_->stop.store(0);
  for (int worker = 0; worker < options_.workers; ++worker) {
    lane(worker).requested.reset();
    lane(worker).sent.reset();
    if (options_.worker_kind == WorkerKind::thread) {
      start_thread(worker);
    } else {
      start_process(worker);
    }
  }
}

void Crew::run_lane(int worker, bool (*orphaned)()) {
  run_worker({source_, options_, slots_, *control_, lane(worker), worker}, orphaned);
}

void Crew::start_thread(int worker) {
  try {
    threads_.emplace_back([this, worker] {
      leave_signals_to_consumer();
      run_lane(worker, never);
    });
  } catch (const std::system_error& error) {
    throw PipelineError(
        fmt::format("worker {} cannot be started ({}); use fewer --workers", worker, error.what()));
  }
}

void Crew::start_process(int worker) {
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0)
    throw PipelineError(fmt::format("worker {} cannot be started ({}); use fewer --workers", worker,
                                    std::strerror(errno)));
  if (child == 0) {
    forked_by = parent;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    leave_signals_to_consumer();
    if (!parent_gone()) run_lane(worker, parent_gone);
    _exit(0);  // what the parent would do at exit is not the child's to do
  }
  processes_.push_back(child);
}

std::optional<Trouble> Crew::trouble() {
  for (int worker = 0; worker < options_.workers; ++worker) {
    const Lane& its = lane(worker);
    if (its.failed.load(std::memory_order_acquire) != 0)
      return Trouble{worker, fmt::format("worker {} gave up: {}", worker, its.failure), {}};
    if (static_cast<std::size_t>(worker) >= processes_.size()) continue;
    pid_t& child = processes_[static_cast<std::size_t>(worker)];
    int status = 0;
    if (child == 0 || waitpid(child, &status, WNOHANG) != child) continue;
    return death(worker, std::exchange(child, 0), status);
  }
  return std::nullopt;
}

void Crew::stop() {
  control_->stop.store(1);
  for (int worker = 0; worker < options_.workers; ++worker) lane(worker).requested.raise();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  end_processes();
}

void Crew::end_processes() {
  const std::int64_t deadline = wall_ns() + kPatience_ns;
  static const StopFlag kNever{0};
  for (pid_t& child : processes_) {
    while (child != 0) {
      const pid_t ended = waitpid(child, nullptr, WNOHANG);
      if (ended == child || (ended < 0 && errno != EINTR)) {
        child = 0;
      } else if (wall_ns() > deadline) {
        kill(child, SIGKILL);
        sleep_until(wall_ns() + 10'000'000, kNever);
      } else {
        sleep_until(wall_ns() + 1'000'000, kNever);
      }
    }
  }
  processes_.clear();
}

}  // namespace datamon::pipeline
