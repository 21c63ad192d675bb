// The jobs that the monitor's tests run as real processes: `monitor_job NAME
// [NUMBER]`. Each uses the public header alone, as any user's program does.
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "job_items.h"
#include "limit_jobs.h"
#include "loader_jobs.h"
#include "probe_jobs.h"
#include "process_jobs.h"

namespace {

using namespace datamon::test;

void burn(long milliseconds) {
  timespec from{}, now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
  do clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  while ((now.tv_sec - from.tv_sec) * 1000 + (now.tv_nsec - from.tv_nsec) / 1'000'000 <
         milliseconds);
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

// The monitor is not for signal handlers, but survives them. For so much CPU time.
int signals(long milliseconds) {
  struct sigaction action {};
  action.sa_handler = on_timer;
  sigaction(SIGALRM, &action, nullptr);
  const itimerval every{{0, 50}, {0, 50}};
  setitimer(ITIMER_REAL, &every, nullptr);
  timespec from{}, now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
  do {
    items(100);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  } while ((now.tv_sec - from.tv_sec) * 1000 + (now.tv_nsec - from.tv_nsec) / 1'000'000 <
           milliseconds);
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
    {"outlives-parent", outlives_parent},
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
    {"remove-before-thread", remove_before_thread},
    {"small-files", small_files},
    {"own-file-at-2", own_file_at_2},
    {"cannot-grow", cannot_grow},
    {"parallel", parallel},
    {"split", split},
    {"crowded", crowded},
    {"mapped", is_mapped},
    {"sleeping", sleeping},
    {"exit-code", exit_code},
    {"zipped-loaders", datamon::test::zipped_loaders},
    {"killed-between-loaders", datamon::test::killed_between_loaders},
    {"threads-of-loaders", datamon::test::threads_of_loaders},
    {"forks-between-loaders", datamon::test::forks_between_loaders},
    {"many-loaders", datamon::test::many_loaders},
    {"describes-inside-spans", datamon::test::describes_inside_spans},
    {"describes-itself-late", datamon::test::describes_itself_late},
    {"readings-between-loaders", datamon::test::readings_between_loaders},
    {"probed", datamon::test::probed},
};

}  // namespace

int main(int count, char** arguments) {
  for (const Job& job : kJobs)
    if (count > 1 && std::string_view(arguments[1]) == job.name)
      return job.run(count > 2 ? std::atol(arguments[2]) : 0);
  std::fprintf(stderr, "monitor_job: no such job\n");
  return 99;
}
