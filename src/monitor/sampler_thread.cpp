#include "monitor/sampler_thread.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <optional>

#include "monitor/clock.h"
#include "monitor/sampler_metrics.h"
#include "monitor/sampler_pace.h"
#include "monitor/sampler_processes.h"
#include "monitor/sampler_rows.h"
#include "system/own_descriptor.h"

namespace datamon::monitor {
namespace {

// NVML and libraries with much thread-local storage need some; touched as used.
constexpr std::size_t kStackBytes = 256 * 1024;

// How often to look whether the job has ended without a word, and how often
// once its main thread has: the rest may follow at any time.
constexpr std::uint64_t kAloneEveryNs = kSecond_ns;
constexpr std::uint64_t kAloneSoonNs = kSecond_ns / 20;

// Work on files takes a millisecond; only a thread that gets no core is waited
// for longer.
constexpr std::uint64_t kFilesPatienceNs = kSecond_ns;

// The thread opens and closes files while one of these lives.
class FilesInUse {
 public:
  explicit FilesInUse(SamplerControl& control) : control_(control) {
    const std::uint64_t deadline = monotonic_ns() + kFilesPatienceNs;
    for (;;) {
      control_.in_files.store(1);
      const std::uint32_t forks = control_.forks.load();
      const std::uint64_t now = monotonic_ns();
      if (forks == 0 || now >= deadline) return;
      leave();
      wait_while(control_.forks, forks, deadline - now);
    }
  }
  ~FilesInUse() { leave(); }
  FilesInUse(const FilesInUse&) = delete;
  FilesInUse& operator=(const FilesInUse&) = delete;

 private:
  void leave() {
    control_.in_files.store(0);
    if (control_.forks.load() != 0) wake_all(control_.in_files);
  }
  SamplerControl& control_;
};

enum class Company { kJob, kJobWithoutMain, kNone };

// A process ends when main returns, or when its last thread does; this thread
// must not be the one it lives on for. The main thread, ended by pthread_exit(),
// stays as a zombie, and counts.
Company company() {
  char path[64], text[512];
  std::snprintf(path, sizeof path, "/proc/self/task/%d/stat", ::getpid());
  const system::OwnDescriptor file(::open(path, O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return Company::kJob;
  const ssize_t got = ::read(file.get(), text, sizeof text - 1);
  text[got > 0 ? got : 0] = '\0';
  const char* at = std::strrchr(text, ')');  // state is field 3, threads field 20
  if (at == nullptr || std::strncmp(at, ") Z ", 4) != 0) return Company::kJob;
  for (int field = 2; at != nullptr && field < 20; ++field) at = std::strchr(at + 1, ' ');
  if (at == nullptr) return Company::kJob;
  return std::strtol(at, nullptr, 10) == 2 ? Company::kNone : Company::kJobWithoutMain;
}

// Everything the thread works with, in one mapping of its own: nothing of it
// comes from the job's allocator.
class SamplerThread {
 public:
  SamplerThread(SamplerControl& control, const SamplerOptions& options)
      : control_(control),
        options_(options),
        processes_(options.directory, options.host, options.root),
        pace_(options.fast_interval_ns, options.fast_period_ns, options.slow_interval_ns,
              options.budget_ppm) {}

  void run();
  void close_files() { metrics_.reset(); }  // in a forked child, too
  // The job is over but for this thread, which is to end with this signal mask.
  bool left_alone() const { return left_alone_; }
  sigset_t& signals() { return signals_; }
  SamplerControl& control() { return control_; }

 private:
  bool prepare();
  void open_gpus();
  bool write_columns();
  void take_row();
  void take_processes();
  std::uint64_t cpu_ns() const { return cpu_before_ns_ + clock_ns(CLOCK_THREAD_CPUTIME_ID); }
  void account();
  void rest(std::uint64_t ns);

  SamplerControl& control_;
  SamplerOptions options_;
  system::Scratch scratch_;
  system::Nvml gpus_;
  std::optional<MachineMetrics> metrics_;
  ProcessTable processes_;
  RowStore rows_;
  RowStore process_rows_;
  bool has_process_rows_ = false;
  SamplerPace pace_;
  std::uint64_t cpu_before_ns_ = 0;
  std::uint64_t interval_ns_ = 0;
  std::uint64_t processes_read_ns_ = 0;
  Company company_ = Company::kJob;
  std::uint64_t company_seen_ns_ = 0;
  bool left_alone_ = false;
  sigset_t signals_{};  // blocked in the thread that started this one
  struct {
    std::uint64_t ticks;
    double values[kMaxMetrics];
  } row_;
};

// Only where there is a driver, and only for the real machine: loading a
// library is the one thing here that a fork must not fall into.
void SamplerThread::open_gpus() {
  const bool asked = options_.nvml_library != nullptr;
  const bool driver = options_.root[0] == '\0' &&
                      (::access("/dev/nvidiactl", F_OK) == 0 || ::access("/dev/dxg", F_OK) == 0);
  if (!asked && !driver) return;
  control_.in_loader.store(1);
  gpus_.open(options_.nvml_library);
  control_.in_loader.store(0);
  wake_all(control_.in_loader);
}

bool SamplerThread::write_columns() {
  const std::size_t bytes =
      sizeof(format::BlockHeader) + metrics_->size() * sizeof(format::MetricRecord);
  const std::size_t whole =
      (bytes + format::kBlockAlignment - 1) / format::kBlockAlignment * format::kBlockAlignment;
  format::BlockHeader* block =
      options_.blocks->allocate(format::BlockType::kMetrics, static_cast<std::uint32_t>(whole));
  if (block == nullptr) return false;
  std::memcpy(static_cast<void*>(block + 1), metrics_->records(),
              metrics_->size() * sizeof(format::MetricRecord));
  __atomic_store_n(&block->count, metrics_->size(), __ATOMIC_RELEASE);
  options_.blocks->publish(block);
  return true;
}

bool SamplerThread::prepare() {
  cpu_before_ns_ = control_.cpu_ns.load();
  open_gpus();
  const FilesInUse files(control_);
  metrics_.emplace(options_.root, &gpus_, scratch_);
  const std::size_t row_bytes = sizeof(std::uint64_t) * (1 + metrics_->size());
  if (!write_columns()) return false;
  if (!rows_.create(*options_.blocks, format::BlockType::kSamples, row_bytes,
                    options_.sample_block_bytes))
    return false;
  has_process_rows_ =
      process_rows_.create(*options_.blocks, format::BlockType::kProcesses,
                           sizeof(format::ProcessSample), options_.process_block_bytes);
  metrics_->note_machine(*options_.blocks, scratch_);
  return true;
}

void SamplerThread::take_row() {
  row_.ticks = options_.ticks();
  metrics_->sample(row_.values, monotonic_ns(), {cpu_ns(), interval_ns_}, scratch_);
  rows_.append(&row_, 1);
}

void SamplerThread::take_processes() {
  processes_read_ns_ = monotonic_ns();
  processes_.scan(processes_read_ns_, scratch_);
  const format::ProcessSample* samples = processes_.sample(options_.ticks(), scratch_);
  if (has_process_rows_ && processes_.sampled() > 0)
    process_rows_.append(samples, processes_.sampled());
}

void SamplerThread::account() {
  const std::uint64_t total = cpu_ns();
  control_.cpu_ns.store(total);
  if (options_.header != nullptr)
    __atomic_store_n(&options_.header->sampler_cpu_ns, total, __ATOMIC_RELAXED);
}

// Until the next row, or an earlier end.
void SamplerThread::rest(std::uint64_t ns) {
  const std::uint64_t until = monotonic_ns() + ns;
  for (;;) {
    const std::uint64_t every = company_ == Company::kJob ? kAloneEveryNs : kAloneSoonNs;
    std::uint64_t now = monotonic_ns();
    if (now - company_seen_ns_ >= every) {
      company_seen_ns_ = now;
      const FilesInUse files(control_);
      company_ = company();
      left_alone_ = company_ == Company::kNone;
    }
    if (left_alone_ || control_.stop.load() != 0 || now >= until) return;
    wait_while(control_.stop, 0, std::min(until - now, every));
  }
}

void SamplerThread::run() {
  ::prctl(PR_SET_NAME, "datamon-sampler");
  if (!prepare()) {
    control_.failed.store(true);
    account();
    return;
  }
  interval_ns_ = options_.fast_interval_ns;
  const std::uint64_t begin = monotonic_ns();
  for (;;) {
    const std::uint64_t started = monotonic_ns();
    const std::uint64_t cpu_started = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    const bool last = control_.stop.load() != 0 || left_alone_;
    const std::uint64_t processes_every = std::max(kSecond_ns, interval_ns_);
    {
      const FilesInUse files(control_);
      take_row();
      if (last || processes_read_ns_ == 0 || started - processes_read_ns_ >= processes_every)
        take_processes();
    }
    account();
    if (last) return;
    const std::uint64_t cost = clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_started;
    interval_ns_ = pace_.next(cost, started - begin);
    const std::uint64_t spent = monotonic_ns() - started;
    rest(spent < interval_ns_ ? interval_ns_ - spent : 0);
    if (!control_.lock.intact()) {
      // The job closed our descriptor, and the lock with it: someone else may
      // sample already.
      control_.failed.store(true);
      return;
    }
  }
}

void* thread_main(void* memory) {
  SamplerThread* thread = static_cast<SamplerThread*>(memory);
  SamplerControl& control = thread->control();
  thread->run();
  const bool last_of_all = thread->left_alone();
  const sigset_t signals = thread->signals();
  {
    const FilesInUse files(control);
    thread->close_files();
    control.memory.store(nullptr);
    control.lock.release();
  }
  ::munmap(memory, sizeof(SamplerThread));
  control.running.store(0);
  wake_all(control.running);
  // As the last thread's end this is exit(0), with the job's handlers, as it
  // would be without us; signals that came meanwhile are heard.
  if (last_of_all) ::pthread_sigmask(SIG_SETMASK, &signals, nullptr);
  return nullptr;
}

// All signals blocked: the job's handlers never run here. The thread may be over,
// and its memory gone, before pthread_create() returns.
bool create_detached(SamplerThread* state) {
  pthread_attr_t attributes;
  if (::pthread_attr_init(&attributes) != 0) return false;
  ::pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  ::pthread_attr_setstacksize(&attributes, kStackBytes);
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  state->signals() = before;
  pthread_t thread;
  const int error = ::pthread_create(&thread, &attributes, thread_main, state);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::pthread_attr_destroy(&attributes);
  return error == 0;
}

}  // namespace

bool start_sampler_thread(SamplerControl& control, const SamplerOptions& options) {
  void* memory = ::mmap(nullptr, sizeof(SamplerThread), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    control.lock.release();
    return false;
  }
  auto* const state = new (memory) SamplerThread(control, options);
  control.stop.store(0);
  control.failed.store(false);
  control.memory.store(memory);
  control.running.store(1);
  if (create_detached(state)) return true;
  control.memory.store(nullptr);
  control.running.store(0);
  ::munmap(memory, sizeof(SamplerThread));
  control.lock.release();
  return false;
}

void begin_fork(SamplerControl& control) { control.forks.fetch_add(1); }

void wait_for_sampler_files(SamplerControl& control) {
  wait_while(control.in_files, 1, kFilesPatienceNs);
}

void end_fork(SamplerControl& control) {
  control.forks.fetch_sub(1);
  wake_all(control.forks);
}

void abandon_sampler_thread(SamplerControl& control) {
  if (void* memory = control.memory.exchange(nullptr); memory != nullptr) {
    static_cast<SamplerThread*>(memory)->close_files();
    ::munmap(memory, sizeof(SamplerThread));
  }
  control.lock.release();
  control.running.store(0);
  control.in_loader.store(0);
  control.in_files.store(0);
  control.forks.store(0);
  control.stop.store(0);
  control.failed.store(false);
  control.cpu_ns.store(0);
}

void wait_while(std::atomic<std::uint32_t>& word, std::uint32_t value, std::uint64_t timeout_ns) {
  const std::uint64_t deadline = monotonic_ns() + timeout_ns;
  while (word.load() == value) {
    const std::uint64_t now = monotonic_ns();
    if (now >= deadline) return;
    struct timespec rest {};
    rest.tv_sec = static_cast<time_t>((deadline - now) / kSecond_ns);
    rest.tv_nsec = static_cast<long>((deadline - now) % kSecond_ns);
    ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, &rest, nullptr, 0);
  }
}

void wake_all(std::atomic<std::uint32_t>& word) {
  ::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT32_MAX, nullptr, nullptr, 0);
}

std::uint64_t monotonic_ns() { return clock_ns(CLOCK_MONOTONIC); }

}  // namespace datamon::monitor
