// libFuzzer: any bytes as a file of placement rates.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "report/forecast/placement_rates.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    datamon::report::parse_placement_rates({reinterpret_cast<const char*>(data), size}, "rates");
  } catch (const datamon::report::RatesError&) {
  }
  return 0;
}
