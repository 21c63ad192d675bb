// The one exported function.
#include "monitor/message.h"
#include "monitor/process.h"
#include "monitor/record.h"

extern "C" __attribute__((visibility("default"))) const datamon_api* datamon_attach(
    std::uint32_t header_version) {
  using namespace datamon::monitor;
  if (header_version > DATAMON_API_VERSION) {
    say("datamon: not recording: the program was built for version %u of the recording API, this "
        "library has %u; set MON_LIBRARY to a newer libdatamon.so.0\n",
        header_version, DATAMON_API_VERSION);
    return nullptr;
  }
  return attach() ? api_table() : nullptr;
}
