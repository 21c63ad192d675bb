// The public header is C++17 without extensions and without warnings.
#include <datamon/monitor.hpp>

int main() {
  datamon::thread(DATAMON_ROLE_CONSUMER);
  const datamon_stage blur = datamon::define_stage("transform/blur", DATAMON_CLASS_TRANSFORM);
  datamon::note("loader.workers", "8");
  {
    datamon::Span span(blur);
    span.item(1, 2, "name");
  }
  return datamon::active() ? 1 : 0;
}
