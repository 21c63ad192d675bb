// Jobs that record spans themselves: `nvtx_spans_job spans|both|inside`.
#include <nvtx3/nvToolsExt.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <datamon/monitor.hpp>
#include <string_view>
#include <thread>

namespace {

int spans() {
  const datamon_stage blur = datamon::define_stage("transform/blur", DATAMON_CLASS_TRANSFORM);
  for (int i = 0; i < 100; ++i) {
    datamon::Span fetch(datamon::fetch);
    { datamon::Span read(datamon::read); }
    { datamon::Span own(blur); }
  }
  const std::uint64_t outer = datamon_begin(DATAMON_COLLATE);
  datamon_begin(DATAMON_SEND);
  datamon_begin(DATAMON_SEND);
  datamon_end(outer);  // ends three
  datamon_end(outer);  // not open any more
  std::uint64_t handles[100];
  for (std::uint64_t& handle : handles) handle = datamon_begin(DATAMON_DECODE);  // 64 fit
  for (int i = 99; i >= 0; --i) datamon_end(handles[i]);
  std::thread([] { datamon::Span wait(datamon::wait); }).join();
  const pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i < 3; ++i) datamon::Span pin(datamon::pin);
    std::exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

// What an interposer does that does not know who calls it.
int inside() {
  for (int i = 0; i < 10; ++i) {
    datamon::Span fetch(datamon::fetch);
    const std::uint64_t read = datamon_begin_unless_inside(DATAMON_READ);
    datamon_end(datamon_begin_unless_inside(DATAMON_READ));  // inside: none
    datamon_end(read);
  }
  return 0;
}

// Spans and ranges that nest in one another.
int both() {
  for (int i = 0; i < 10; ++i) {
    nvtxRangePushA("train epoch");
    {
      datamon::Span fetch(datamon::fetch);
      nvtxRangePushA("decode");
      nvtxRangePop();
    }
    nvtxRangePop();
  }
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  const std::string_view name = count > 1 ? arguments[1] : "";
  return name == "spans" ? spans() : name == "both" ? both() : name == "inside" ? inside() : 99;
}
