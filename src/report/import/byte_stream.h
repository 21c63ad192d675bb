// Bytes of a file or pipe, decompressed on the way when they are gzip, a chunk at
// a time. Not thread-safe; owns its descriptor.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

struct gzFile_s;

namespace datamon::report {

class ByteStream {
 public:
  // "-": standard input. Throws ImportError when it cannot be opened.
  explicit ByteStream(const std::filesystem::path& path);
  ~ByteStream();
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  // The next bytes, valid until the next call; empty at the end or after an error.
  std::string_view next();

  // Bytes handed out so far, after decompression.
  std::uint64_t bytes() const { return bytes_; }
  // Why the stream ended before its end; "" if it did not.
  const std::string& error() const { return error_; }

 private:
  gzFile_s* file_ = nullptr;
  std::vector<char> buffer_;
  std::uint64_t bytes_ = 0;
  std::string error_;
};

}  // namespace datamon::report
