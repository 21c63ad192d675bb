#include "monitor/sampler.h"

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "monitor/sampler_thread.h"

namespace datamon::monitor {
namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr std::uint64_t kStopPatienceNs = 10 * kMillisecond;
constexpr std::uint64_t kLoaderPatienceNs = 200 * kMillisecond;

// The process's one sampler. Changed only by whoever has `user` set to its own
// thread's process; a child forked meanwhile sees a stale number and takes over.
struct Sampler {
  std::atomic<pid_t> user{0};
  std::atomic<pid_t> owner{0};  // the process that all of this is about
  std::atomic<bool> started{false};
  std::atomic<bool> handlers{false};
  std::atomic<bool> given_up{false};
  SamplerOptions options;
  SamplerControl control;
};
Sampler sampler;

// No call changes the job's errno.
class KeepErrno {
 public:
  KeepErrno() = default;
  ~KeepErrno() { errno = value_; }
  KeepErrno(const KeepErrno&) = delete;
  KeepErrno& operator=(const KeepErrno&) = delete;

 private:
  int value_ = errno;
};

// Entered by one thread at a time; others are turned away rather than made to
// wait. Notices a fork that no handler has seen (raw clone).
class Turn {
 public:
  Turn() {
    const pid_t own = ::getpid();
    pid_t user = sampler.user.load();
    if (user == own) return;
    entered_ = sampler.user.compare_exchange_strong(user, own);
    if (!entered_ || sampler.owner.load() == own) return;
    if (sampler.owner.load() != 0) forget();
    sampler.owner.store(own);
  }
  ~Turn() {
    if (entered_) sampler.user.store(0);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  explicit operator bool() const { return entered_; }

 private:
  // This process is a fork of the one that started the sampler.
  static void forget() {
    abandon_sampler_thread(sampler.control);
    sampler.started.store(false);
    sampler.given_up.store(false);
  }
  bool entered_ = false;
};

// A child forked while a library is being loaded could never load one itself.
void before_fork() {
  const KeepErrno keep;
  begin_fork(sampler.control);
  if (sampler.owner.load() != ::getpid()) return;  // a raw clone, without the thread
  wait_while(sampler.control.in_loader, 1, kLoaderPatienceNs);
  wait_for_sampler_files(sampler.control);
}

void after_fork_in_parent() {
  const KeepErrno keep;
  end_fork(sampler.control);
}

void after_fork_in_child() {
  const KeepErrno keep;
  sampler.control.forks.store(0);
  sampler.user.store(0);
  const Turn turn;
}

SamplerState give_up() {
  sampler.control.lock.release();
  sampler.given_up.store(true);
  return SamplerState::kFailed;
}

// Where the file system has no locks, the process that made the recording
// samples and nobody follows it.
SamplerState without_locks() {
  const bool root = sampler.options.header != nullptr && sampler.options.header->is_root == 1;
  if (!root) return give_up();
  return start_sampler_thread(sampler.control, sampler.options) ? SamplerState::kSampling
                                                                : give_up();
}

SamplerState elect() {
  SamplerControl& control = sampler.control;
  if (control.running.load() != 0) return SamplerState::kSampling;
  if (sampler.given_up.load() || control.failed.load()) return SamplerState::kFailed;
  switch (control.lock.acquire(sampler.options.directory, sampler.options.host)) {
    case SamplerLock::Result::kTaken:
      return SamplerState::kWaiting;
    case SamplerLock::Result::kFailed:
      return give_up();
    case SamplerLock::Result::kNoLocks:
      return without_locks();
    case SamplerLock::Result::kHeld:
      break;
  }
  return start_sampler_thread(control, sampler.options) ? SamplerState::kSampling : give_up();
}

}  // namespace

SamplerState sampler_start(const SamplerOptions& options) {
  const KeepErrno keep;
  const Turn turn;
  if (!turn) return SamplerState::kIdle;
  if (!sampler.started.load()) {
    if (!sampler.handlers.exchange(true))
      ::pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
    sampler.options = options;
    sampler.started.store(true);
  }
  return elect();
}

SamplerState sampler_try_takeover() {
  const KeepErrno keep;
  const Turn turn;
  if (!turn || !sampler.started.load()) return SamplerState::kIdle;
  return elect();
}

bool sampler_stop() {
  const KeepErrno keep;
  const Turn turn;
  if (!turn) return false;
  if (!sampler.started.exchange(false)) return true;
  SamplerControl& control = sampler.control;
  if (control.running.load() == 0) {
    control.lock.release();
    return true;
  }
  control.stop.store(1);
  wake_all(control.stop);
  wait_while(control.running, 1, kStopPatienceNs);
  return control.running.load() == 0;
}

}  // namespace datamon::monitor
