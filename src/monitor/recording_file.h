// The recording file of one process: created, reserved, grown in steps whose
// space is really there, and handed out in blocks.
//
// Between calls no descriptor is open: programs that close or reuse descriptors
// of others (daemons do) can never make the monitor touch a wrong file. To grow,
// the file is opened by its name again and compared with the one that is mapped; where
// another thread closes it meanwhile, once more.
//
// Where space was refused, no more than what is less is asked for during half a second:
// threads come back at each of their spans.
//
// Lives in arena memory (a child finds it zeroed). Thread-safe after create().
// Errors are values; nothing throws or prints, except for the one warning that
// the disk is full.
#pragma once

#include <pthread.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "format/recording_format.h"
#include "monitor/block_source.h"
#include "monitor/recording_directory.h"

namespace datamon::monitor {

class RecordingFile final : public BlockSource {
 public:
  // Creates a file in the directory, at most max_bytes long, and maps it; its
  // header is zero but for what concerns the space. False: see directory.error.
  bool create(RecordingDirectory& directory, const char* name_stem, std::uint64_t max_bytes);

  format::FileHeader* header() { return reinterpret_cast<format::FileHeader*>(base_); }
  std::uint64_t max_bytes() const { return max_bytes_; }
  std::byte* base() { return base_; }

  // BlockSource.
  format::BlockHeader* allocate(format::BlockType type, std::uint32_t bytes) override;
  void publish(format::BlockHeader* block) override;
  void note(std::string_view key, std::string_view value) override;

  // allocate() for a block of a track.
  format::BlockHeader* allocate_for(format::BlockType type, std::uint32_t bytes,
                                    std::uint32_t track);

 private:
  bool grow(std::uint64_t needed_end);
  int reopen() const;
  // Makes the file `end` bytes long. 0, or an errno.
  int extend(std::uint64_t end) const;
  void warn_full(int error);
  format::BlockHeader* note_block(std::size_t bytes);

  pthread_mutex_t mutex_;        // space
  pthread_mutex_t notes_mutex_;  // taken before mutex_
  std::byte* base_;
  std::uint64_t max_bytes_;
  std::uint64_t allocated_;  // really there
  std::uint64_t used_;
  std::uint64_t refused_end_;  // to here the file could not grow,
  std::uint64_t retry_ticks_;  // and is not asked to again before then
  dev_t device_;
  ino_t inode_;
  format::BlockHeader* notes_;
  std::uint64_t note_bytes_;  // in all blocks
  char path_[kPathBytes + 512];
};

}  // namespace datamon::monitor
