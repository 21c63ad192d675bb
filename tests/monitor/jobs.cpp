// The jobs that the monitor's tests run as real processes: `monitor_job NAME
// [NUMBER]`. Each uses the public header alone, as any user's program does.
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <datamon/monitor.hpp>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

// One item as a loader makes it: three spans.
void item(std::uint64_t id) {
  datamon::Span fetch(datamon::fetch);
  { datamon::Span read(datamon::read); }
  { datamon::Span decode(datamon::decode); }
  fetch.item(id, 1000, "photo \"one\".jpg");
}

void items(long count) {
  for (long i = 0; i < count; ++i) item(static_cast<std::uint64_t>(i));
}

void burn(long milliseconds) {
  timespec from{}, now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
  do clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  while ((now.tv_sec - from.tv_sec) * 1000 + (now.tv_nsec - from.tv_nsec) / 1'000'000 <
         milliseconds);
}

int wait_for(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int run_items(long count) {
  items(count);
  return 0;
}

int kill_self(long count) {
  items(count);
  raise(SIGKILL);
  return 1;
}

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
  if (read(done[0], &byte, 1) != 1) return 1;
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
    for (;;) usleep(300'000);
  }).detach();
  alarm(2);
  pthread_exit(nullptr);
}

// Few descriptors, and more threads than those: each has its readings taken.
// Prints how many descriptors are open while all threads live.
int few_descriptors(long threads) {
  const rlimit limit{256, 256};
  setrlimit(RLIMIT_NOFILE, &limit);
  pthread_barrier_t all;
  pthread_barrier_init(&all, nullptr, static_cast<unsigned>(threads) + 1);
  std::vector<std::thread> workers;
  for (long i = 0; i < threads; ++i)
    workers.emplace_back([&all] {
      for (int n = 0; n < 20; ++n) {
        datamon::Span decode(datamon::decode);
        usleep(10);
      }
      pthread_barrier_wait(&all);
      pthread_barrier_wait(&all);
    });
  pthread_barrier_wait(&all);
  long open_now = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    open_now += entry.exists();
  pthread_barrier_wait(&all);
  for (std::thread& worker : workers) worker.join();
  std::printf("%ld\n", open_now);
  return 0;
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

int churn(long threads) {
  for (long i = 0; i < threads; ++i)
    std::thread([i] { item(static_cast<std::uint64_t>(i)); }).join();
  return 0;
}

// A loader with thread workers that are made anew in each epoch.
int epochs(long count) {
  for (long epoch = 0; epoch < count; ++epoch) {
    std::vector<std::thread> workers;
    for (unsigned w = 0; w < 3; ++w)
      workers.emplace_back([w] {
        datamon::thread(DATAMON_ROLE_WORKER, w, "worker");
        item(w);
      });
    for (std::thread& worker : workers) worker.join();
  }
  return 0;
}

int many_stages(long count) {
  std::vector<datamon_stage> stages;
  for (long i = 0; i < count; ++i)
    stages.push_back(datamon::define_stage("stage " + std::to_string(i), DATAMON_CLASS_TRANSFORM));
  for (int round = 0; round < 3; ++round) {
    for (const datamon_stage stage : stages) datamon::Span span(stage);
    usleep(600'000);
  }
  return stages.back() == DATAMON_NO_STAGE && count < DATAMON_MAX_STAGES - DATAMON_FIRST_USER_STAGE;
}

int names(long) {
  for (const std::string_view name : {std::string_view("quo\"te"), std::string_view("new\nline"),
                                      std::string_view("\xff\xfe\x80"),
                                      std::string_view("nul\0inside", 10), std::string_view("")}) {
    datamon::Span span(datamon::define_stage(name, DATAMON_CLASS_OTHER));
    datamon::Span named(datamon::fetch);
    named.item(1, 2, name);
  }
  const std::string wide(500, 'w');
  datamon::Span span(datamon::define_stage(wide, DATAMON_CLASS_OTHER));
  const std::string path = wide + ".jpg";
  datamon::Span slow(datamon::fetch);
  slow.item(7, 8, path);
  datamon::thread(DATAMON_ROLE_CONSUMER, 0, wide);
  datamon::note("loader.name", "tr\"ain\n\xff");
  datamon::note(std::string(5000, 'k'), std::string(50000, 'v'));
  return 0;
}

int misuse(long) {
  const std::uint64_t outer = datamon_begin(DATAMON_FETCH);
  const std::uint64_t inner = datamon_begin(DATAMON_READ);
  datamon_end(outer);  // closes the inner one, too
  datamon_end(inner);  // not open any more
  datamon_end(outer);
  datamon_end(0);
  datamon_end(UINT64_MAX);
  const std::uint64_t here = datamon_begin(DATAMON_FETCH);
  std::thread([here] { datamon_end(here); }).join();  // another thread's
  datamon_end(here);
  std::vector<std::uint64_t> deep;
  for (int i = 0; i < 100; ++i) deep.push_back(datamon_begin(DATAMON_DECODE));
  while (!deep.empty()) {
    datamon_end(deep.back());
    deep.pop_back();
  }
  for (const int stage : {0, 8192, 65535})
    datamon_end(datamon_begin(static_cast<datamon_stage>(stage)));
  datamon_record(0, 1, 2, 0, 0);
  datamon_record(DATAMON_QUEUE, 5, 2, 0, 0);  // ends before it begins
  return 0;
}

int keeps_errno(long) {
  errno = ENOTTY;
  item(1);
  if (errno != ENOTTY) return 1;
  for (int i = 0; i < 10; ++i) {
    usleep(200'000);
    errno = EDOM;
    item(2);
    if (errno != EDOM) return 2;
  }
  return 0;
}

int intervals(long count) {
  for (long i = 0; i < count; ++i)
    datamon_record(DATAMON_QUEUE, 1000, 1000 + static_cast<std::uint64_t>(i % 1000),
                   static_cast<std::uint64_t>(i), 7);
  return 0;
}

void on_timer(int) { item(99); }

// The monitor is not for signal handlers, but survives them.
int signals(long milliseconds) {
  struct sigaction action {};
  action.sa_handler = on_timer;
  sigaction(SIGALRM, &action, nullptr);
  const itimerval every{{0, 50}, {0, 50}};
  setitimer(ITIMER_REAL, &every, nullptr);
  timespec from{}, now{};
  clock_gettime(CLOCK_MONOTONIC, &from);
  do {
    items(100);
    clock_gettime(CLOCK_MONOTONIC, &now);
  } while ((now.tv_sec - from.tv_sec) * 1000 + (now.tv_nsec - from.tv_nsec) / 1'000'000 <
           milliseconds);
  return 0;
}

// What daemons do: all descriptors away, files of their own in their place.
int close_descriptors(long count) {
  items(10);
  closefrom(3);
  const std::string path = std::string(std::getenv("JOB_FOLDER")) + "/own";
  std::vector<int> own;
  for (int i = 0; i < 300; ++i)
    own.push_back(open((path + std::to_string(i)).c_str(), O_CREAT | O_RDWR, 0600));
  items(count);
  std::thread([count] { items(count); }).join();
  const pid_t child = fork();
  if (child == 0) {
    items(count);
    for (const int fd : own)
      if (fcntl(fd, F_GETFD) < 0) _exit(3);
    _exit(0);
  }
  if (const int status = wait_for(child)) return status;
  for (const int fd : own) {
    struct stat status {};
    if (fstat(fd, &status) != 0 || status.st_size != 0) return 2;
  }
  return 0;
}

int remove_recording(long count) {
  items(10);
  std::filesystem::remove_all(std::getenv("MON_DIR"));
  items(count);
  const pid_t child = fork();
  if (child == 0) {
    items(10);
    _exit(0);
  }
  return wait_for(child);
}

int small_files(long count) {
  const rlimit limit{512 * 1024, 512 * 1024};
  setrlimit(RLIMIT_FSIZE, &limit);
  items(count);
  return 0;
}

// Descriptor 2 is a file of the job's own when the recording can grow no more.
int own_file_at_2(long count) {
  const std::string path = std::string(std::getenv("JOB_FOLDER")) + "/own";
  close(2);
  if (open(path.c_str(), O_CREAT | O_RDWR, 0600) != 2) return 1;
  const rlimit none{3, 3};  // the recording cannot be opened again
  setrlimit(RLIMIT_NOFILE, &none);
  items(count);
  return std::filesystem::file_size(path) == 0 ? 0 : 2;
}

// As above, with the job's own standard error.
int cannot_grow(long count) {
  const rlimit none{3, 3};
  setrlimit(RLIMIT_NOFILE, &none);
  items(count);
  return 0;
}

int parallel(long count) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) threads.emplace_back([count] { items(count); });
  for (std::thread& thread : threads) thread.join();
  return 0;
}

// Two stages that a wall clock cannot tell apart: one computes, one sleeps.
int split(long rounds) {
  for (long i = 0; i < rounds; ++i) {
    datamon::Span fetch(datamon::fetch);
    {
      datamon::Span decode(datamon::decode);
      burn(2);
    }
    {
      datamon::Span read(datamon::read);
      usleep(2000);
    }
  }
  return 0;
}

// Twice as many busy threads as CPUs (the test pins them to one).
int crowded(long milliseconds) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t)
    threads.emplace_back([milliseconds] {
      for (long i = 0; i < milliseconds / 50; ++i) {
        datamon::Span decode(datamon::decode);
        burn(50);
      }
    });
  for (std::thread& thread : threads) thread.join();
  return 0;
}

int is_mapped(long) {
  std::FILE* maps = std::fopen("/proc/self/maps", "r");
  char line[4096];
  bool found = false;
  while (std::fgets(line, sizeof line, maps) != nullptr)
    found = found || std::strstr(line, "libdatamon") != nullptr;
  std::fclose(maps);
  const bool exported = std::getenv("MON_DIR") != nullptr;
  std::printf("%s %s\n", found ? "mapped" : "not mapped", exported ? "exported" : "not exported");
  return 0;
}

int sleeping(long milliseconds) {
  for (long i = 0; i < milliseconds / 10; ++i) {
    usleep(10'000);
    item(static_cast<std::uint64_t>(i));
  }
  return 0;
}

int exit_code(long code) {
  item(1);
  return static_cast<int>(code);
}

struct Job {
  const char* name;
  int (*run)(long);
};
constexpr Job kJobs[] = {
    {"items", run_items},
    {"kill-self", kill_self},
    {"kill-worker", kill_worker},
    {"fork-exit", fork_exit},
    {"fork-threaded", fork_threaded},
    {"raw-clone", raw_clone},
    {"open-across-fork", open_across_fork},
    {"fork-chain", fork_chain},
    {"small-stack", small_stack},
    {"last-thread-returns", last_thread_returns},
    {"main-gone", main_gone},
    {"few-descriptors", few_descriptors},
    {"unrecorded-children", unrecorded_children},
    {"exec", exec_self},
    {"limited-exec", limited_exec},
    {"churn", churn},
    {"epochs", epochs},
    {"stages", many_stages},
    {"names", names},
    {"misuse", misuse},
    {"errno", keeps_errno},
    {"intervals", intervals},
    {"signals", signals},
    {"close-descriptors", close_descriptors},
    {"remove", remove_recording},
    {"small-files", small_files},
    {"own-file-at-2", own_file_at_2},
    {"cannot-grow", cannot_grow},
    {"parallel", parallel},
    {"split", split},
    {"crowded", crowded},
    {"mapped", is_mapped},
    {"sleeping", sleeping},
    {"exit-code", exit_code},
};

}  // namespace

int main(int count, char** arguments) {
  for (const Job& job : kJobs)
    if (count > 1 && std::string_view(arguments[1]) == job.name)
      return job.run(count > 2 ? std::atol(arguments[2]) : 0);
  std::fprintf(stderr, "monitor_job: no such job\n");
  return 99;
}
