#include "loader_jobs.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <ctime>
#include <datamon/monitor.hpp>
#include <string>
#include <thread>

namespace datamon::test {
namespace {

void consume(std::uint32_t loader, std::uint64_t batch) {
  datamon::thread(DATAMON_ROLE_CONSUMER, 0, loader == 1 ? "train" : "validation", loader);
  datamon::Span wait(datamon::wait);
  wait.item(batch, 10 * loader);
}

void compute() { datamon::Span span(datamon::compute); }

void busy(long microseconds) {
  timespec from{}, now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
  do clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  while ((now.tv_sec - from.tv_sec) * 1'000'000 + (now.tv_nsec - from.tv_nsec) / 1000 <
         microseconds);
}

}  // namespace

int zipped_loaders(long steps) {
  for (long i = 0; i < steps; ++i) {
    const auto batch = static_cast<std::uint64_t>(i);
    consume(1, batch);
    consume(2, batch);
    compute();
  }
  return 0;
}

int killed_between_loaders(long steps) {
  zipped_loaders(steps);
  consume(1, 0);
  raise(SIGKILL);
  return 1;
}

int threads_of_loaders(long threads) {
  for (long i = 0; i < threads; ++i) std::thread([] { zipped_loaders(3); }).join();
  return 0;
}

int forks_between_loaders(long epochs) {
  for (long epoch = 0; epoch < epochs; ++epoch) {
    for (std::uint32_t loader = 1; loader <= 2; ++loader) {
      consume(loader, 0);
      const pid_t worker = fork();
      if (worker == 0) {
        datamon::thread(DATAMON_ROLE_WORKER, 1, "worker 1", loader);
        for (int i = 0; i < 5; ++i) datamon::Span fetch(datamon::fetch);
        _exit(0);
      }
      int status = 0;
      waitpid(worker, &status, 0);
      if (status != 0) return 1;
      compute();
    }
  }
  return 0;
}

int many_loaders(long loaders) {
  for (int round = 0; round < 3; ++round)
    for (long loader = 1; loader <= loaders; ++loader) {
      datamon::thread(DATAMON_ROLE_CONSUMER, 0, {}, static_cast<std::uint32_t>(loader));
      datamon::Span wait(datamon::wait);
    }
  return 0;
}

int describes_inside_spans(long) {
  consume(1, 0);
  {
    datamon::Span outer(datamon::compute);
    datamon::thread(DATAMON_ROLE_CONSUMER, 0, "ignored", 2);
    datamon::Span inner(datamon::transfer);
    inner.end();
    datamon::thread(DATAMON_ROLE_CONSUMER, 0, "renamed", 1);
  }
  consume(2, 0);
  return 0;
}

int describes_itself_late(long) {
  compute();
  std::thread([] {
    datamon::Span fetch(datamon::fetch);
    datamon::thread(DATAMON_ROLE_WORKER, 3, "worker 3", 2);
  }).join();
  datamon::thread(DATAMON_ROLE_CONSUMER, 0, "late", 1);
  compute();
  return 0;
}

int readings_between_loaders(long turns) {
  for (long i = 0; i < turns; ++i) {
    datamon::thread(DATAMON_ROLE_WORKER, 0, {}, 1 + static_cast<std::uint32_t>(i % 2));
    datamon::Span decode(datamon::decode);
    busy(1000);
  }
  return 0;
}

}  // namespace datamon::test
