// The data files that this process has open, by descriptor.
//
// A descriptor is known from the shim's own open() on; what closes or replaces
// it without the shim seeing (system calls made directly) leaves an entry
// behind until the number is opened again. Thread-safe as descriptors are: who
// closes one while another thread reads from it gets either answer. A child of
// fork() has its parent's entries, as it has its descriptors. errno is kept.
#pragma once

#include <atomic>
#include <cstdint>

#include "job.h"

namespace datamon::preload {

inline constexpr int kMostDescriptors = 65536;  // beyond: never data

struct OpenFile {
  std::uint64_t key;         // datamon_file_key() of the path
  std::uint64_t file_bytes;  // size when it was opened
  std::uint16_t path_bytes;
  std::atomic<bool> used;  // read or mapped since it was opened
  char path[168];          // the end of a longer one
};
static_assert(sizeof(OpenFile) == 192);

extern std::atomic<bool> g_is_data[kMostDescriptors];
extern OpenFile* g_open_files;

// Gets the memory; false if there is none. Called once, before all others.
bool prepare_open_files();

// The data file behind the descriptor, or nullptr: not data, not recorded.
inline OpenFile* data_file(int descriptor) {
  if (!recording_wanted() || static_cast<unsigned>(descriptor) >= kMostDescriptors) return nullptr;
  return g_is_data[descriptor].load(std::memory_order_relaxed) ? g_open_files + descriptor
                                                               : nullptr;
}

// After open(): enters it if it is data opened for reading. `folder` as for openat().
void note_opened(int descriptor, const char* path, int flags);

// Before close() and whatever else frees the number.
void note_closed(int descriptor);
void note_closed_range(unsigned first, unsigned last);

// After dup(): `copy` is the same open file. It counts as an opening of its own if
// nothing was read yet.
void note_copied(int descriptor, int copy);

}  // namespace datamon::preload
