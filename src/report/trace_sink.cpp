#include "report/trace_sink.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

#include "report/descriptor.h"

namespace datamon::report {
namespace {

[[noreturn]] void fail(std::string_view what, const std::filesystem::path& path, int error) {
  std::string_view advice;
  if (error == ENOSPC || error == EDQUOT)
    advice = "; write to another disk, or export less with --from/--to or --steps";
  if (error == EACCES || error == ENOENT || error == EROFS)
    advice = "; name a file in a folder that you may write to";
  throw TraceOutputError(
      fmt::format("cannot {} {}: {}{}", what, path.string(), std::strerror(error), advice));
}

// Standard output, a pipe, /dev/null: what is written is gone, there is no name to give.
class StreamSink : public TraceSink {
 public:
  StreamSink(int fd, bool owned, std::filesystem::path path)
      : path_(std::move(path)), fd_(fd, owned) {}

  void write(const char* data, std::size_t bytes) override {
    while (bytes > 0) {
      const ssize_t written = ::write(fd_.get(), data, bytes);
      if (written < 0) {
        if (errno == EINTR) continue;
        fail("write to", path_, errno);
      }
      data += written;
      bytes -= static_cast<std::size_t>(written);
    }
  }

  void commit() override {
    if (const int error = fd_.close(); error != 0) fail("finish", path_, error);
  }

 protected:
  const std::filesystem::path path_;  // as the user wrote it

 private:
  Descriptor fd_;
};

std::string part_name(const std::filesystem::path& path) {
  return fmt::format("{}.part-{}", path.string(), ::getpid());
}

int create_part(const std::filesystem::path& path) {
  const std::string part = part_name(path);
  int fd = ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0 && errno == EEXIST && ::unlink(part.c_str()) == 0)  // of a dead process with our pid
    fd = ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) fail("create", path, errno);
  return fd;
}

// Writes `NAME.part-PID` and renames it at the end.
class FileSink : public StreamSink {
 public:
  FileSink(const std::filesystem::path& path, bool overwrite)
      : StreamSink(create_part(path), true, path), part_(part_name(path)), overwrite_(overwrite) {}
  ~FileSink() override {
    if (!part_.empty()) ::unlink(part_.c_str());
  }

  void commit() override {
    StreamSink::commit();
    if (overwrite_) {
      if (::rename(part_.c_str(), path_.c_str()) != 0) fail("replace", path_, errno);
      part_.clear();
      return;
    }
    // link() refuses a name that somebody else took meanwhile; some file systems have no links.
    if (::link(part_.c_str(), path_.c_str()) == 0) return;  // the destructor removes the part
    if (errno == EEXIST) fail("create", path_, errno);
    if (::rename(part_.c_str(), path_.c_str()) != 0) fail("create", path_, errno);
    part_.clear();
  }

 private:
  std::string part_;
  const bool overwrite_;
};

// Compresses into another sink. Level 1: the text shrinks to a tenth anyway,
// and higher levels cost several times the time.
class GzipSink : public TraceSink {
 public:
  explicit GzipSink(std::unique_ptr<TraceSink> inner) : inner_(std::move(inner)) {
    constexpr int kGzipWindowBits = 15 + 16;
    constexpr int kMemoryLevel = 9;
    if (deflateInit2(&stream_, 1, Z_DEFLATED, kGzipWindowBits, kMemoryLevel, Z_DEFAULT_STRATEGY) !=
        Z_OK)
      throw TraceOutputError("cannot compress: zlib has no memory; leave out the .gz");
  }
  ~GzipSink() override { deflateEnd(&stream_); }
  GzipSink(const GzipSink&) = delete;
  GzipSink& operator=(const GzipSink&) = delete;

  void write(const char* data, std::size_t bytes) override {
    constexpr std::size_t kPiece = 1u << 30;  // zlib counts in 32 bits
    while (bytes > 0) {
      const std::size_t piece = bytes < kPiece ? bytes : kPiece;
      // zlib does not write through next_in; its type has no const without ZLIB_CONST.
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data));
      stream_.avail_in = static_cast<uInt>(piece);
      deflate_all(Z_NO_FLUSH);
      data += piece;
      bytes -= piece;
    }
  }

  void commit() override {
    stream_.avail_in = 0;
    deflate_all(Z_FINISH);
    inner_->commit();
  }

 private:
  void deflate_all(int flush) {
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(out_.data());
      stream_.avail_out = static_cast<uInt>(out_.size());
      deflate(&stream_, flush);  // can only fail on a stream that was not set up
      inner_->write(out_.data(), out_.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }

  std::unique_ptr<TraceSink> inner_;
  z_stream stream_{};
  std::array<char, 256 * 1024> out_;
};

std::unique_ptr<TraceSink> open_plain(const TraceTarget& target) {
  if (target.path == "-") return std::make_unique<StreamSink>(STDOUT_FILENO, false, "the output");
  if (target.path.empty()) throw TraceOutputError("no output file; name one with -o FILE");
  struct stat status {};
  if (::stat(target.path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode))
      throw TraceOutputError(
          fmt::format("{} is a folder; name a file in it", target.path.string()));
    if (!S_ISREG(status.st_mode)) {  // /dev/null, a pipe
      const int fd = ::open(target.path.c_str(), O_WRONLY | O_CLOEXEC);
      if (fd < 0) fail("open", target.path, errno);
      return std::make_unique<StreamSink>(fd, true, target.path);
    }
    if (!target.overwrite)
      throw TraceOutputError(fmt::format(
          "{} exists; use -f to overwrite it, or name another file with -o", target.path.string()));
  }
  return std::make_unique<FileSink>(target.path, target.overwrite);
}

}  // namespace

std::unique_ptr<TraceSink> open_trace_sink(const TraceTarget& target) {
  std::unique_ptr<TraceSink> sink = open_plain(target);
  if (target.path.extension() == ".gz") return std::make_unique<GzipSink>(std::move(sink));
  return sink;
}

}  // namespace datamon::report
