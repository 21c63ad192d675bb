// Files in memory for the tests of the import.
#pragma once

#include <zlib.h>

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "memory_file.h"
#include "report/import/import.h"

namespace datamon::testing {

// A memory file with this content.
inline MemoryFile file_of(std::string_view text) {
  return MemoryFile(std::as_bytes(std::span(text.data(), text.size())));
}

inline std::string gzipped(std::string_view text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

inline report::Profile kineto(std::string_view text) {
  return report::import_kineto(file_of(text).path());
}
inline report::Profile megengine(std::string_view text) {
  return report::import_megengine_log(file_of(text).path());
}
inline std::filesystem::path golden(std::string_view name) {
  return std::filesystem::path(DATAMON_IMPORT_GOLDEN) / name;
}

inline const report::StageProfile* stage(const report::Profile& profile, std::string_view name) {
  for (const report::StageProfile& each : profile.stages)
    if (each.name == name) return &each;
  return nullptr;
}

}  // namespace datamon::testing
