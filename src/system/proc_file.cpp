#include "system/proc_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace datamon::system {
namespace {

// O_NONBLOCK: a fifo put in the place of a file must not stop the job.
int open_to_read(const Path& path) {
  if (path.empty()) return -1;
  return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

std::string_view read_all(int descriptor, std::span<char> buffer) {
  std::size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t got =
        ::pread(descriptor, buffer.data() + size, buffer.size() - size, static_cast<off_t>(size));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return {};
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  return {buffer.data(), size};
}

}  // namespace

ProcFile::ProcFile(const Path& path) : descriptor_(open_to_read(path)) {
  struct stat status {};
  if (descriptor_ < 0) return;
  if (::fstat(descriptor_, &status) != 0) {
    ::close(descriptor_);
    descriptor_ = -1;
    return;
  }
  device_ = status.st_dev;
  inode_ = status.st_ino;
}

ProcFile::ProcFile(ProcFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      device_(other.device_),
      inode_(other.inode_) {}

ProcFile& ProcFile::operator=(ProcFile&& other) noexcept {
  if (this == &other) return *this;
  close();
  descriptor_ = std::exchange(other.descriptor_, -1);
  device_ = other.device_;
  inode_ = other.inode_;
  return *this;
}

ProcFile::~ProcFile() { close(); }

void ProcFile::close() {
  struct stat status {};
  if (descriptor_ >= 0 && ::fstat(descriptor_, &status) == 0 && status.st_dev == device_ &&
      status.st_ino == inode_)
    ::close(descriptor_);
  descriptor_ = -1;
}

std::string_view ProcFile::read(std::span<char> buffer) const {
  return descriptor_ < 0 ? std::string_view() : read_all(descriptor_, buffer);
}

std::string_view read_file(const Path& path, std::span<char> buffer) {
  const int descriptor = open_to_read(path);
  if (descriptor < 0) return {};
  const std::string_view text = read_all(descriptor, buffer);
  ::close(descriptor);
  return text;
}

std::string_view read_value(const Path& path, std::span<char> buffer) {
  std::string_view text = read_file(path, buffer);
  const std::size_t last = text.find_last_not_of(" \t\n");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

bool exists(const Path& path) { return !path.empty() && ::access(path.c_str(), F_OK) == 0; }

LineReader::LineReader(const Path& path, std::span<char> buffer)
    : descriptor_(open_to_read(path)), buffer_(buffer) {}

LineReader::~LineReader() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::optional<std::string_view> LineReader::next() {
  for (;;) {
    if (auto line = next_line(pending_)) return line;
    if (!refill()) return std::nullopt;
  }
}

// Moves the unfinished line to the front and reads on behind it.
bool LineReader::refill() {
  if (descriptor_ < 0) return false;
  std::size_t kept = pending_.size();
  if (kept == buffer_.size()) kept = 0;  // a line longer than the buffer
  if (kept > 0) std::memmove(buffer_.data(), pending_.data(), kept);
  ssize_t got;
  do {
    got = ::read(descriptor_, buffer_.data() + kept, buffer_.size() - kept);
  } while (got < 0 && errno == EINTR);
  if (got <= 0) return false;
  pending_ = {buffer_.data(), kept + static_cast<std::size_t>(got)};
  return true;
}

}  // namespace datamon::system
