// A training loop that loads its own data: decoding takes 4 ms, a step 1 ms.
#include <chrono>
#include <cstdint>
#include <datamon/monitor.hpp>

static void burn(std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
  }
}

int main() {
  using std::chrono::milliseconds;
  datamon::thread(DATAMON_ROLE_CONSUMER);
  const datamon_stage blur = datamon::define_stage("transform/blur", DATAMON_CLASS_TRANSFORM);
  for (std::uint64_t step = 0; step < 200; ++step) {
    {
      datamon::Span wait(datamon::wait);
      wait.item(step);
      {
        datamon::Span decode(datamon::decode);
        decode.item(step, 1000);
        burn(milliseconds(4));
      }
      datamon::Span transform(blur);
      transform.item(step);
    }
    datamon::Span compute(datamon::compute);
    compute.item(step);
    burn(milliseconds(1));
  }
}
