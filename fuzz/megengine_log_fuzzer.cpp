// libFuzzer: a log for MegEngine's lines of any content, plain or gzipped, gives a report or
// an error, never a crash, an endless loop or a number that is none.
#include <cstdint>

#include "import_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  datamon::testing::exercise_import({reinterpret_cast<const std::byte*>(data), bytes},
                                    datamon::report::import_megengine_log);
  return 0;
}
