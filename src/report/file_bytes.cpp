#include "report/file_bytes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "report/descriptor.h"
#include "report/recording.h"

namespace datamon::report {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, const char* doing) {
  throw RecordingError(fmt::format("{}: cannot {}: {}", path.string(), doing, strerror(errno)));
}

std::size_t whole_pages(std::size_t bytes) {
  constexpr std::size_t page = 4096;
  return (bytes + page - 1) / page * page;
}

}  // namespace

FileBytes::FileBytes(const std::filesystem::path& path, std::uint64_t largest_snapshot) {
  // Without O_NONBLOCK a pipe that is called *.mon would hang us.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) fail(path, "open");
  struct stat status {};
  if (fstat(file.get(), &status) != 0) fail(path, "stat");
  if (!S_ISREG(status.st_mode))
    throw RecordingError(fmt::format("{}: not a regular file", path.string()));
  bytes_ = static_cast<std::size_t>(status.st_size);
  if (bytes_ == 0) return;
  if (bytes_ <= largest_snapshot) {
    read_snapshot(file.get());
  } else {
    map(file.get());
  }
  if (data_ == nullptr) fail(path, "read");
}

FileBytes::~FileBytes() {
  guard_.reset();
  if (data_ != nullptr) munmap(data_, mapped_);
}

FileBytes::FileBytes(FileBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)),
      mapped_(std::exchange(other.mapped_, 0)),
      shrank_(other.shrank_),
      guard_(std::move(other.guard_)) {}

void FileBytes::read_snapshot(int descriptor) {
  mapped_ = whole_pages(bytes_);
  void* memory = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;
  auto* to = static_cast<std::byte*>(memory);
  std::size_t done = 0;
  while (done < bytes_) {
    const ssize_t got = pread(descriptor, to + done, bytes_ - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const int error = errno;
      munmap(memory, mapped_);
      errno = error;
      return;
    }
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  shrank_ = done < bytes_;
  bytes_ = done;
  data_ = to;
}

void FileBytes::map(int descriptor) {
  mapped_ = bytes_;
  void* memory = mmap(nullptr, mapped_, PROT_READ, MAP_SHARED, descriptor, 0);
  if (memory == MAP_FAILED) return;
  madvise(memory, mapped_, MADV_SEQUENTIAL);
  data_ = static_cast<std::byte*>(memory);
  guard_ = std::make_unique<SigbusGuard>(memory, whole_pages(mapped_));
}

}  // namespace datamon::report
