#include "report/import/byte_stream.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>

#include "report/import/import.h"

namespace datamon::report {
namespace {

constexpr unsigned kChunkBytes = 256 * 1024;

[[noreturn]] void cannot_open(const std::filesystem::path& path, const char* why) {
  throw ImportError("cannot read " + path.string() + ": " + why);
}

int open_input(const std::filesystem::path& path) {
  const int descriptor = path == "-" ? dup(STDIN_FILENO) : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) cannot_open(path, std::strerror(errno));
  struct stat status {};
  if (fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode)) {
    close(descriptor);
    cannot_open(path, "it is a folder");
  }
  return descriptor;
}

}  // namespace

ByteStream::ByteStream(const std::filesystem::path& path) : buffer_(kChunkBytes) {
  const int descriptor = open_input(path);
  file_ = gzdopen(descriptor, "rb");
  if (file_ == nullptr) {
    close(descriptor);
    cannot_open(path, "out of memory");
  }
  gzbuffer(file_, kChunkBytes);
}

ByteStream::~ByteStream() { gzclose(file_); }

std::string_view ByteStream::next() {
  if (!error_.empty()) return {};
  const int got = gzread(file_, buffer_.data(), kChunkBytes);
  if (got < static_cast<int>(kChunkBytes)) {
    int code = Z_OK;
    const char* text = gzerror(file_, &code);
    if (code == Z_BUF_ERROR)
      error_ = "the compressed data end too early: the file was cut off";
    else if (code == Z_ERRNO)
      error_ = std::strerror(errno);
    else if (code != Z_OK && code != Z_STREAM_END)
      error_ = std::string("the compressed data are damaged: ") + text;
  }
  if (got <= 0) return {};
  bytes_ += static_cast<std::uint64_t>(got);
  return {buffer_.data(), static_cast<std::size_t>(got)};
}

}  // namespace datamon::report
