// Whole disks: what they did (/proc/diskstats) and which one is behind a path.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "system/proc_file.h"

namespace datamon::system {

// Since boot.
struct DiskStat {
  std::uint64_t reads = 0;
  std::uint64_t read_bytes = 0;
  std::uint64_t read_ns = 0;  // latencies added up
  std::uint64_t writes = 0;
  std::uint64_t write_bytes = 0;
  std::uint64_t write_ns = 0;
  std::uint64_t in_flight = 0;  // now
  std::uint64_t busy_ns = 0;    // with at least one request under way
};

struct DiskLine {
  std::string_view name;
  DiskStat stat;
};
std::optional<DiskLine> parse_disk_line(std::string_view line);

// A disk's name in fixed memory.
class DiskName {
 public:
  DiskName() = default;
  explicit DiskName(std::string_view name);  // longer than 31 bytes: ""
  std::string_view view() const { return {text_.data(), size_}; }

 private:
  std::array<char, 31> text_{};
  std::uint8_t size_ = 0;
};

// Watches the disks it chose at construction: `first` (may be "") and those
// that did most so far. Loop and memory disks count only when they were used;
// partitions never. Not thread-safe.
class DiskReader {
 public:
  static constexpr std::size_t kMaxDisks = 16;

  DiskReader(std::string_view root, std::string_view first, Scratch& scratch);

  std::size_t size() const { return count_; }
  std::string_view name(std::size_t index) const { return names_[index].view(); }

  // Fills `stats` by index; a disk that is gone is nullopt.
  void read(Scratch& scratch, std::span<std::optional<DiskStat>, kMaxDisks> stats) const;

 private:
  ProcFile file_;
  std::array<DiskName, kMaxDisks> names_;
  std::size_t count_ = 0;
};

// Where the files of a folder lie.
struct Storage {
  DiskName disk;              // whole disk, or a stacked one (dm-0, md0); "": none
  std::array<char, 24> type;  // file system, "" if unknown
  std::string_view type_view() const { return type.data(); }
};

// `device` is the folder's st_dev, `path` its absolute path: file systems with
// a device of their own (btrfs, overlay) are found by mount point.
Storage find_storage(std::string_view root, dev_t device, std::string_view path, Scratch& scratch);

}  // namespace datamon::system
