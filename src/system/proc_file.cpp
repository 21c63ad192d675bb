#include "system/proc_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

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

ProcFile::ProcFile(const Path& path) : descriptor_(open_to_read(path)) {}

std::string_view ProcFile::read(std::span<char> buffer) const {
  return is_open() ? read_all(descriptor_.get(), buffer) : std::string_view();
}

std::string_view read_file(const Path& path, std::span<char> buffer) {
  return ProcFile(path).read(buffer);
}

std::string_view read_value(const Path& path, std::span<char> buffer) {
  std::string_view text = read_file(path, buffer);
  const std::size_t last = text.find_last_not_of(" \t\n");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

bool exists(const Path& path) { return !path.empty() && ::access(path.c_str(), F_OK) == 0; }

LineReader::LineReader(const Path& path, std::span<char> buffer)
    : descriptor_(open_to_read(path)), buffer_(buffer) {}

std::optional<std::string_view> LineReader::next() {
  for (;;) {
    if (auto line = next_line(pending_)) return line;
    if (!refill()) return std::nullopt;
  }
}

// Moves the unfinished line to the front and reads on behind it.
bool LineReader::refill() {
  if (descriptor_.get() < 0) return false;
  std::size_t kept = pending_.size();
  if (kept == buffer_.size()) kept = 0;  // a line longer than the buffer
  if (kept > 0) std::memmove(buffer_.data(), pending_.data(), kept);
  ssize_t got;
  do {
    got = ::read(descriptor_.get(), buffer_.data() + kept, buffer_.size() - kept);
  } while (got < 0 && errno == EINTR);
  if (got <= 0) return false;
  pending_ = {buffer_.data(), kept + static_cast<std::size_t>(got)};
  return true;
}

}  // namespace datamon::system
