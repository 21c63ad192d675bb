// The exported functions.
#include "monitor/message.h"
#include "monitor/nvtx_ranges.h"
#include "monitor/process.h"
#include "monitor/record.h"

#define EXPORTED extern "C" __attribute__((visibility("default")))

// For what turns NVTX ranges into spans: these spans are not made ranges again.
EXPORTED const datamon_api* datamon_attach_without_nvtx(std::uint32_t header_version) {
  using namespace datamon::monitor;
  if (header_version > DATAMON_API_VERSION) {
    say("datamon: not recording: the program was built for version %u of the recording API, this "
        "library has %u; set MON_LIBRARY to a newer libdatamon.so.0\n",
        header_version, DATAMON_API_VERSION);
    return nullptr;
  }
  return attach() ? api_table() : nullptr;
}

EXPORTED const datamon_api* datamon_attach(std::uint32_t header_version) {
  using namespace datamon::monitor;
  const datamon_api* table = datamon_attach_without_nvtx(header_version);
  if (table == nullptr || !wants_nvtx_ranges() || !begin_nvtx_ranges()) return table;
  return api_table_with_nvtx();
}
