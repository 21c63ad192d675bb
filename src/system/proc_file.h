// Files of /proc and /sys, read again and again without opening them again and
// without allocating.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "system/own_descriptor.h"
#include "system/path.h"
#include "system/text.h"

namespace datamon::system {

// Holds the text of one file while it is scanned. What does not fit is cut off;
// 64 KiB hold /proc/stat of a machine with 256 CPUs and its interrupts.
using Scratch = std::array<char, 65536>;

// One open file. Moves, does not copy. Not thread-safe.
class ProcFile {
 public:
  ProcFile() = default;
  explicit ProcFile(const Path& path);

  bool is_open() const { return descriptor_.get() >= 0; }

  // The file's text from its start, in `buffer`; "" when it cannot be read.
  std::string_view read(std::span<char> buffer) const;

 private:
  OwnDescriptor descriptor_;
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

  // The next line, valid until the next call; nullopt at the end.
  std::optional<std::string_view> next();

 private:
  bool refill();

  OwnDescriptor descriptor_;
  std::span<char> buffer_;
  std::string_view pending_;
};

}  // namespace datamon::system
