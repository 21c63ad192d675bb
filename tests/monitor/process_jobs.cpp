#include "process_jobs.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "job_items.h"

namespace datamon::test {

namespace {

void* one_item(void*) {
  item(1);
  return nullptr;
}

// The first span of a process is on a thread with the least stack there can be.
int on_smallest_stack() {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, static_cast<std::size_t>(PTHREAD_STACK_MIN));
  pthread_t thread;
  if (pthread_create(&thread, &attributes, one_item, nullptr) != 0) return 9;
  return pthread_join(thread, nullptr);
}

}  // namespace

// A worker says that it is done and goes on living until it is killed.
int kill_worker(long count) {
  int done[2];
  if (pipe(done) != 0) return 1;
  items(1);
  const pid_t worker = fork();
  if (worker == 0) {
    datamon::thread(DATAMON_ROLE_WORKER, 3, "worker three");
    items(count);
    if (write(done[1], "x", 1) != 1) _exit(1);
    pause();
  }
  char byte;
  if (::read(done[0], &byte, 1) != 1) return 1;
  kill(worker, SIGKILL);
  return wait_for(worker) == 128 + SIGKILL ? 0 : 1;
}

int fork_exit(long count) {
  items(count);
  const pid_t child = fork();
  if (child == 0) {
    items(2 * count);
    _exit(0);
  }
  return wait_for(child);
}

// Forks while other threads are inside the monitor's slow paths and its lock.
int fork_threaded(long children) {
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&stop, t] {
      for (int i = 0; !stop; ++i) {
        const std::string name = "s" + std::to_string(t) + "." + std::to_string(i % 300);
        datamon::Span span(datamon::define_stage(name, DATAMON_CLASS_OTHER));
        datamon::note("key", name);
        std::thread([] { item(1); }).join();
      }
    });
  int failures = 0;
  for (long i = 0; i < children; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(20);  // a deadlock ends the child by SIGALRM
      items(100);
      const auto stage = datamon::define_stage("of the child", DATAMON_CLASS_OTHER);
      { datamon::Span span(stage); }
      _exit(stage == DATAMON_NO_STAGE);
    }
    failures += wait_for(child) != 0;
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  return failures;
}

// A fork that libc knows nothing of: no atfork handler runs.
int raw_clone(long count) {
  items(count);
  const auto child = static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, 0));
  if (child == 0) {
    items(2 * count);
    _exit(0);
  }
  const int status = wait_for(child);
  items(count);
  return status;
}

// As daemons begin: what goes on is a child.
int outlives_parent(long milliseconds) {
  item(1);
  const pid_t parent = getpid();
  if (fork() != 0) return 0;
  while (getppid() == parent) usleep(1'000);  // it has ended before this one records
  for (long i = 0; i < milliseconds / 10; ++i) {
    item(static_cast<std::uint64_t>(i));
    usleep(10'000);
  }
  return 0;
}

int open_across_fork(long) {
  datamon::Span outer(datamon::fetch);
  const pid_t child = fork();
  if (child == 0) {
    outer.end();
    item(1);
    _exit(0);
  }
  return wait_for(child);
}

int fork_chain(long generations) {
  for (; generations > 0; --generations) {
    item(1);
    const pid_t child = fork();
    if (child != 0) return wait_for(child);
  }
  return 0;
}

int small_stack(long) {
  const pid_t child = fork();
  if (child == 0) std::exit(on_smallest_stack());
  const int status = wait_for(child);
  return status != 0 ? status : on_smallest_stack();
}

// The main thread ends by pthread_exit(); the process is over with the last one.
int last_thread_returns(long count) {
  std::atexit([] { std::printf("exit handler\n"); });
  std::thread([count] {
    items(count);
    usleep(100'000);
  }).detach();
  pthread_exit(nullptr);
}

// Lives on without its main thread until a signal ends it.
int main_gone(long) {
  std::thread([] {
    item(1);
    alarm(2);
    for (;;) usleep(300'000);
  }).detach();
  pthread_exit(nullptr);
}

// Children that can have no file, and children of those.
int unrecorded_children(long generations) {
  item(1);
  for (long i = 0; i < generations; ++i) {
    const pid_t child = fork();
    if (child != 0) return wait_for(child);
    const rlimit none{3, 3};
    setrlimit(RLIMIT_NOFILE, &none);
    items(10);
  }
  return 0;
}

int exec_self(long count) {
  items(count);
  const std::string number = std::to_string(count);
  execl("/proc/self/exe", "monitor_job", "items", number.c_str(), nullptr);
  return 1;
}

// Goes on as a program whose address space is limited, in MiB.
int limited_exec(long mib) {
  const rlimit limit{static_cast<rlim_t>(mib) << 20, static_cast<rlim_t>(mib) << 20};
  setrlimit(RLIMIT_AS, &limit);
  execl("/proc/self/exe", "monitor_job", "items", "10", nullptr);
  return 1;
}

}  // namespace datamon::test
