// libFuzzer: a recording file of any content gives a report or problems, never
// a crash, an endless loop or a number that is none.
#include <cstdint>

#include "recording_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  datamon::testing::exercise({reinterpret_cast<const std::byte*>(data), bytes});
  return 0;
}
