// Finds the files of a tar archive: ustar, GNU long names and base-256 numbers, pax paths and
// sizes. One pass over the headers; the files' bytes are not read.
//
// The archive is untrusted: every length is checked against the file's size before it is used.
// Thread-safety: none needed, a pure function of the file. Errors: PipelineError that names archive
// and byte.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace datamon::pipeline {

struct TarMember {
  std::string_view name;  // valid during the call
  std::uint64_t offset;   // of its first byte in the archive
  std::uint64_t bytes;
};

// Calls `visit` for each regular file, in the archive's order. Returns how many entries of other
// kinds (links, devices, sparse files) were passed over; folders do not count.
std::uint64_t scan_tar(int descriptor, const std::string& path,
                       const std::function<void(const TarMember&)>& visit);

}  // namespace datamon::pipeline
