// A small job for recording_of_a_job_test: recorded_job BATCHES ITEMS [KILL].
// Two worker processes make BATCHES batches of ITEMS items each, the main
// thread takes them. With KILL the second worker kills itself after its last
// batch, before anything could be written at its exit.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <datamon/monitor.hpp>
#include <string_view>

namespace {

void make_batches(int worker, int batches, int items, int pipe_end) {
  datamon::thread(DATAMON_ROLE_WORKER, static_cast<unsigned>(worker), "worker");
  for (int batch = 0; batch < batches; ++batch) {
    const auto id = static_cast<std::uint64_t>(batch * 2 + worker);
    for (int item = 0; item < items; ++item) {
      datamon::Span fetch(datamon::fetch);
      {
        datamon::Span read(datamon::read);
        read.item(id, 1000);
      }
      const datamon::Span decode(datamon::decode);
    }
    datamon::Span collate(datamon::collate);
    collate.item(id);
    collate.end();
    const char token = 1;
    if (write(pipe_end, &token, 1) != 1) _exit(1);
  }
}

void take_batches(int batches, const int (&ends)[2]) {
  datamon::thread(DATAMON_ROLE_CONSUMER, 0, "main");
  for (int batch = 0; batch < 2 * batches; ++batch) {
    char token = 0;
    datamon::Span wait(datamon::wait);
    wait.item(static_cast<std::uint64_t>(batch));
    if (read(ends[batch % 2], &token, 1) != 1) std::exit(1);
    wait.end();
    const datamon::Span compute(datamon::compute);
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) return 1;
  const int batches = std::atoi(arguments[1]), items = std::atoi(arguments[2]);
  const bool kill_one = count > 3 && std::string_view(arguments[3]) == "kill";
  datamon::note("loader.workers", "2");
  int ends[2];
  for (int worker = 0; worker < 2; ++worker) {
    int both[2];
    if (pipe(both) != 0) return 1;
    ends[worker] = both[0];
    if (fork() == 0) {
      make_batches(worker, batches, items, both[1]);
      if (kill_one && worker == 1) kill(getpid(), SIGKILL);
      _exit(0);
    }
    close(both[1]);
  }
  take_batches(batches, ends);
  while (wait(nullptr) > 0) {
  }
  return 0;
}
