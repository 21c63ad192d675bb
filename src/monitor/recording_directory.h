// The recording's directory: found or made at attach, joined by children.
//
// MON_DIR names it; without MON_DIR it is a fresh `datamon-<YYYYmmdd-HHMMSS>-
// <pid>` in the current folder. It must be a directory (no symbolic link) that
// belongs to the effective user. Errors are values; a message is left in
// `error`.
#pragma once

#include <cstddef>

namespace datamon::monitor {

inline constexpr std::size_t kPathBytes = 4096;

struct RecordingDirectory {
  char path[kPathBytes];  // absolute
  char error[kPathBytes + 1024];
};

// Finds or makes it and exports MON_DIR. False: see error.
bool find_recording_directory(RecordingDirectory& directory);

// Opens the directory (a descriptor), or -1 with the reason in error.
int open_recording_directory(RecordingDirectory& directory);

}  // namespace datamon::monitor
