// Files of /proc and /sys, read again and again without opening them again and
// without allocating.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "system/path.h"
#include "system/text.h"

namespace datamon::system {

// Holds the text of one file while it is scanned. What does not fit is cut off;
// 64 KiB hold /proc/stat of a machine with 256 CPUs and its interrupts.
using Scratch = std::array<char, 65536>;

// One open file. Moves, does not copy. Not thread-safe.
//
// It lives in a program that may close descriptors it does not know (daemons
// do): the descriptor is closed only if it still belongs to our file.
class ProcFile {
 public:
  ProcFile() = default;
  explicit ProcFile(const Path& path);
  ProcFile(ProcFile&& other) noexcept;
  ProcFile& operator=(ProcFile&& other) noexcept;
  ~ProcFile();

  bool is_open() const { return descriptor_ >= 0; }

  // The file's text from its start, in `buffer`; "" when it cannot be read.
  std::string_view read(std::span<char> buffer) const;

 private:
  void close();

  int descriptor_ = -1;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

// Opens, reads and closes.
std::string_view read_file(const Path& path, std::span<char> buffer);

// As read_file, without the whitespace at the end.
std::string_view read_value(const Path& path, std::span<char> buffer);

bool exists(const Path& path);

// Reads a file of any length line by line through a fixed buffer; longer lines
// than that are left out.
class LineReader {
 public:
  LineReader(const Path& path, std::span<char> buffer);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // The next line, valid until the next call; nullopt at the end.
  std::optional<std::string_view> next();

 private:
  bool refill();

  int descriptor_ = -1;
  std::span<char> buffer_;
  std::string_view pending_;
};

}  // namespace datamon::system
