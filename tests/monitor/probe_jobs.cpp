#include "probe_jobs.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <datamon/monitor.hpp>
#include <thread>

namespace datamon::test {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

void burn(long microseconds) {
  timespec from{}, now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
  do clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  while ((now.tv_sec - from.tv_sec) * 1'000'000 + (now.tv_nsec - from.tv_nsec) / 1000 <
         microseconds);
}

int work(const std::atomic<bool>& over) {
  datamon::thread(DATAMON_ROLE_WORKER, 0, "worker");
  const datamon_stage inner = datamon::define_stage("transform/inner", DATAMON_CLASS_TRANSFORM);
  while (!over.load()) {
    const datamon::Span fetch(datamon::fetch);
    {
      const datamon::Span read(datamon::read);
      std::this_thread::sleep_for(3ms);
    }
    errno = EDOM;
    {
      const datamon::Span transform(datamon::transform);
      burn(1000);
      const datamon::Span nested(inner);
      burn(1000);
    }
    if (errno != EDOM) return 1;
  }
  return 0;
}

}  // namespace

int probed(long seconds) {
  void* const shared =
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  auto& over = *new (shared) std::atomic<bool>(false);
  datamon::thread(DATAMON_ROLE_CONSUMER, 0, "main");
  const pid_t worker = fork();
  if (worker == 0) _exit(work(over));
  const auto end = steady_clock::now() + std::chrono::seconds(seconds);
  for (std::uint64_t batch = 0; steady_clock::now() < end; ++batch) {
    {
      datamon::Span wait(datamon::wait);
      wait.item(batch);
      std::this_thread::sleep_for(2ms);
    }
    datamon::Span compute(datamon::compute);
    burn(2000);
  }
  over = true;
  int status = 1;
  waitpid(worker, &status, 0);
  return status;
}

}  // namespace datamon::test
