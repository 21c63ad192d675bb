#include "report/file_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace datamon::report {
namespace {

using format::FileHeader;

bool is_zero(std::span<const std::byte> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

bool check_magic(const FileHeader& header, std::span<const std::byte> file, ProblemLog& log) {
  if (std::memcmp(header.magic, format::kFileMagic, sizeof header.magic) == 0) return true;
  if (is_zero(file.first(sizeof header.magic))) {
    log.add(0,
            "the header was never finished: the process ended while it was attaching; "
            "nothing of it is in the report");
  } else {
    log.add(0, "not a datamon recording (wrong first bytes), or its start is damaged; ignored");
  }
  return false;
}

bool check_version(const FileHeader& header, ProblemLog& log) {
  if (header.byte_order_mark != format::kByteOrderMark) {
    log.add(offsetof(FileHeader, byte_order_mark),
            "written with another byte order, or damaged; ignored: make the report on a machine "
            "of the same kind as the job's");
    return false;
  }
  if (header.version_major != format::kVersionMajor) {
    log.add(offsetof(FileHeader, version_major),
            fmt::format("format version {}.{}, this program reads {}.x; ignored: make the report "
                        "with the datamon that recorded it, or a newer one",
                        header.version_major, header.version_minor, format::kVersionMajor));
    return false;
  }
  if (header.version_minor > format::kVersionMinor) {
    log.add(offsetof(FileHeader, version_minor),
            fmt::format("format version {}.{} is newer than this program's {}.{}: what it does "
                        "not know is left out",
                        header.version_major, header.version_minor, format::kVersionMajor,
                        format::kVersionMinor));
  }
  return true;
}

// Makes [header_bytes, allocated_bytes) a range inside the file.
void check_extent(FileHeader& header, std::uint64_t file_bytes, ProblemLog& log) {
  const std::uint32_t start = header.header_bytes;
  if (start < sizeof(FileHeader) || start % format::kBlockAlignment != 0) {
    log.add(
        offsetof(FileHeader, header_bytes),
        fmt::format("header length {} is impossible; {} assumed", start, format::kBlockAlignment));
    header.header_bytes = format::kBlockAlignment;
  }
  if (header.allocated_bytes > file_bytes) {
    log.add(file_bytes,
            fmt::format("the file ends here, {} of its {} bytes are missing (cut, or not wholly "
                        "copied): what was behind is not in the report",
                        header.allocated_bytes - file_bytes, header.allocated_bytes));
    header.allocated_bytes = file_bytes;
  }
  if (header.latest_index > 0 && header.first_pair.ticks == 0) {
    log.add(offsetof(FileHeader, first_pair), "the first clock reading is missing");
  }
}

void check_children(FileHeader& header, ProblemLog& log) {
  if (header.version_minor < 1) header.unrecorded_children = 0;
  if (header.unrecorded_children == 0) return;
  log.add(offsetof(FileHeader, unrecorded_children),
          fmt::format("{} forked child process(es) could not write a file of their own (another "
                      "user, a full disk, no descriptor left): what they did is not in the report",
                      header.unrecorded_children));
}

}  // namespace

std::optional<FileHeader> check_header(std::span<const std::byte> file, ProblemLog& log) {
  if (file.empty()) {
    log.add(0, "empty file: the process ended while it was attaching, or the disk was full");
    return std::nullopt;
  }
  if (file.size() < sizeof(FileHeader)) {
    log.add(file.size(), fmt::format("the file ends inside its header ({} of {} bytes); ignored",
                                     file.size(), sizeof(FileHeader)));
    return std::nullopt;
  }
  FileHeader header;
  std::memcpy(&header, file.data(), sizeof header);
  if (!check_magic(header, file, log) || !check_version(header, log)) return std::nullopt;
  check_extent(header, file.size(), log);
  check_children(header, log);
  return header;
}

}  // namespace datamon::report
