// What the process read from data files: exact totals, a sketch of how many
// different files, and some thousands of them one by one, all in the recording.
//
// add() is lock-free for a file that has its record; a new one takes a lock of
// the table's own. Lives in arena memory: a forked child finds it zeroed and
// counts into its own file. Nothing throws.
#pragma once

#include <pthread.h>

#include <cstdint>

#include "datamon/monitor.h"
#include "format/recording_format.h"
#include "monitor/recording_file.h"

namespace datamon::monitor {

class FileTable {
 public:
  // Thread-safe. Where there is no space for records the totals still count.
  void add(RecordingFile& file, const datamon_file_use& use);

  static constexpr std::uint32_t kBuckets = 1024;
  static constexpr std::uint32_t kWays = 8;
  static constexpr std::uint32_t kMaxBlocks = 16;
  static constexpr std::uint32_t kMaxRecords = kMaxBlocks * format::kFilesPerBlock;

 private:
  // A place in a bucket: number of a record plus one, 0 while free.
  using Place = std::uint16_t;
  static_assert(kMaxRecords < UINT16_MAX);

  format::FileTotals* totals(RecordingFile& file);
  format::FileRecord& record(Place place);
  format::FileRecord* find(std::uint64_t key);
  format::FileRecord* insert(RecordingFile& file, const datamon_file_use& use);
  Place free_record(RecordingFile& file);
  format::FileRecord* replace_one(const datamon_file_use& use);

  pthread_mutex_t mutex_;
  format::FileTotals* totals_;
  bool refused_;  // no space for totals, or for another block
  std::uint32_t block_count_;
  std::uint32_t record_count_;
  format::BlockHeader* blocks_[kMaxBlocks];
  Place places_[kBuckets][kWays];
};

}  // namespace datamon::monitor
