// Where an imported profile comes from and what its source cannot tell.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace datamon::report {

enum class ImportFormat : std::uint8_t { kKineto, kMegEngineLog };
const char* to_string(ImportFormat format);  // "kineto", "megengine-log"

struct ImportFacts {
  ImportFormat format = ImportFormat::kKineto;
  std::string file;
  std::uint64_t bytes = 0;    // read, after decompression
  std::uint64_t records = 0;  // events or lines that were used
  std::string workers;        // what is known of them, in words: "workers not in the trace"
  // What else the input says about the loader, a sentence each.
  std::vector<std::string> findings;
  // What cannot be said from it, a sentence each, and what would tell.
  std::vector<std::string> missing;
};

}  // namespace datamon::report
