#include "monitor/recording_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "monitor/atomics.h"
#include "monitor/clock.h"
#include "monitor/lock.h"
#include "monitor/message.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace datamon::monitor {
namespace {

using format::BlockHeader;
using format::BlockType;
using format::FileHeader;
using format::kBlockAlignment;

constexpr std::uint64_t kFirstStep = std::uint64_t{256} << 10;
constexpr std::uint64_t kStep = std::uint64_t{1} << 20;
constexpr std::uint64_t kLeastBytes = std::uint64_t{64} << 10;
constexpr std::uint32_t kNoteBlockBytes = 16384;
constexpr std::uint64_t kMaxNoteBytes = std::uint64_t{1} << 20;
constexpr std::size_t kMaxNoteKey = 256;
constexpr std::size_t kMaxNoteValue = 8192;
constexpr int kMaxNameTries = 100;
// Of a job that closes all descriptors just while ours is open.
constexpr int kMaxExtendTries = 3;

// Beyond RLIMIT_FSIZE the kernel would send SIGXFSZ, which ends the job.
std::uint64_t file_size_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return UINT64_MAX;
  return limit.rlim_cur & ~std::uint64_t{kBlockAlignment - 1};
}

// Zeros through write(2), for file systems without fallocate.
int write_zeros(int fd, std::uint64_t from, std::uint64_t bytes) {
  static constexpr char kZeros[16384] = {};
  while (bytes > 0) {
    const auto part = std::min<std::uint64_t>(bytes, sizeof kZeros);
    const ssize_t done = ::pwrite(fd, kZeros, part, static_cast<off_t>(from));
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return done < 0 ? errno : ENOSPC;
    from += static_cast<std::uint64_t>(done);
    bytes -= static_cast<std::uint64_t>(done);
  }
  return 0;
}

// 0, or why [from, from + bytes) cannot be had.
int allocate_space(int fd, std::uint64_t from, std::uint64_t bytes) {
  for (;;) {
    if (::fallocate(fd, 0, static_cast<off_t>(from), static_cast<off_t>(bytes)) == 0) return 0;
    if (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL)
      return write_zeros(fd, from, bytes);
    if (errno != EINTR) return errno;
  }
}

}  // namespace

bool RecordingFile::create(RecordingDirectory& directory, const char* name_stem,
                           std::uint64_t max_bytes) {
  const int folder = open_recording_directory(directory);
  if (folder < 0) return false;
  char name[300];
  int fd = -1;
  for (int attempt = 0; attempt < kMaxNameTries && fd < 0; ++attempt) {
    if (attempt == 0) {
      std::snprintf(name, sizeof name, "%s.mon", name_stem);
    } else {
      std::snprintf(name, sizeof name, "%s-%d.mon", name_stem, attempt);
    }
    fd = ::openat(folder, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0 && errno != EEXIST) break;
  }
  const auto fail = [&](int error) {
    const char* const advice =
        error == ENOMEM
            ? "raise the limit of the address space (ulimit -v), or set MON_MAX_MB lower"
            : "set MON_DIR to a folder of your own with some free space";
    std::snprintf(directory.error, sizeof directory.error, "cannot write %s/%s: %s; %s",
                  directory.path, name, std::strerror(error), advice);
    if (fd >= 0) {
      ::unlinkat(folder, name, 0);
      ::close(fd);
    }
    ::close(folder);
    return false;
  };
  if (fd < 0) return fail(errno);
  max_bytes_ = std::min(max_bytes, file_size_limit());
  if (max_bytes_ < kLeastBytes) return fail(EFBIG);
  allocated_ = std::min(kFirstStep, max_bytes_);
  int error = allocate_space(fd, 0, allocated_);
  if (error != 0) {
    allocated_ = kLeastBytes;
    error = allocate_space(fd, 0, allocated_);
    if (error != 0) return fail(error);
  }
  struct stat status {};
  if (::fstat(fd, &status) != 0) return fail(errno);
  void* base = ::mmap(nullptr, max_bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (base == MAP_FAILED) return fail(errno);
  ::close(fd);
  ::close(folder);
  device_ = status.st_dev;
  inode_ = status.st_ino;
  std::snprintf(path_, sizeof path_, "%s/%s", directory.path, name);
  base_ = static_cast<std::byte*>(base);
  used_ = kBlockAlignment;
  header()->header_bytes = kBlockAlignment;
  header()->max_bytes = max_bytes_;
  header()->allocated_bytes = allocated_;
  return true;
}

int RecordingFile::reopen() const {
  const int fd = ::open(path_, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return -1;
  struct stat status {};
  const int error = ::fstat(fd, &status) != 0 ? errno : 0;
  if (error == 0 && status.st_dev == device_ && status.st_ino == inode_) return fd;
  if (error != EBADF) ::close(fd);
  errno = error == EBADF ? EBADF : ENOENT;
  return -1;
}

int RecordingFile::extend(std::uint64_t end) const {
  int error = EBADF;
  for (int attempt = 0; attempt < kMaxExtendTries && error == EBADF; ++attempt) {
    const int fd = reopen();
    error = fd < 0 ? errno : allocate_space(fd, allocated_, end - allocated_);
    if (fd >= 0 && error != EBADF) ::close(fd);
  }
  return error;
}

void RecordingFile::warn_full(int error) {
  const bool first = add_relaxed(header()->disk_full_events, std::uint64_t{1}) == 0;
  if (!first || error == ENOENT) return;  // a removed recording is nobody's loss
  say("datamon: cannot extend %s: %s; what no longer fits is counted, not recorded\n", path_,
      std::strerror(error));
}

bool RecordingFile::grow(std::uint64_t needed_end) {
  if (needed_end > max_bytes_) return false;
  const std::uint64_t now = clock_now();
  if (now < retry_ticks_ && needed_end >= refused_end_) return false;
  retry_ticks_ = now + ticks_per_second() / 2;  // unless this succeeds
  refused_end_ = needed_end;
  const std::uint64_t limit = std::min(max_bytes_, file_size_limit());
  if (needed_end > limit) return false;
  std::uint64_t end = std::min(limit, std::max(needed_end, allocated_ + kStep));
  int error = extend(end);
  if (error != 0 && end > needed_end) {
    end = needed_end;
    error = extend(end);
  }
  if (error != 0) {
    warn_full(error);
    return false;
  }
  retry_ticks_ = 0;
  allocated_ = end;
  store_release(header()->allocated_bytes, end);
  return true;
}

BlockHeader* RecordingFile::allocate_for(BlockType type, std::uint32_t bytes, std::uint32_t track) {
  BlockHeader* block = nullptr;
  {
    const Lock lock(mutex_);
    if (used_ + bytes > allocated_ && !grow(used_ + bytes)) return nullptr;
    block = reinterpret_cast<BlockHeader*>(base_ + used_);
    used_ += bytes;
  }
  // One call is a third of the price of a page fault for each page.
  if (bytes >= format::kSpanBlockBytes) ::madvise(block, bytes, MADV_POPULATE_WRITE);
  block->type = static_cast<std::uint16_t>(type);
  block->bytes = bytes;
  block->track = track;
  return block;
}

BlockHeader* RecordingFile::allocate(BlockType type, std::uint32_t bytes) {
  return allocate_for(type, bytes, format::kUnknown);
}

void RecordingFile::publish(BlockHeader* block) {
  store_release(block->magic, format::kBlockMagic);
}

BlockHeader* RecordingFile::note_block(std::size_t bytes) {
  if (notes_ != nullptr && notes_->count + bytes <= notes_->bytes - sizeof(BlockHeader))
    return notes_;
  BlockHeader* block = allocate(BlockType::kNotes, kNoteBlockBytes);
  if (block == nullptr) return nullptr;
  publish(block);
  notes_ = block;
  return block;
}

void RecordingFile::note(std::string_view key, std::string_view value) {
  key = key.substr(0, kMaxNoteKey);
  value = value.substr(0, kMaxNoteValue);
  if (key.empty() || key.find('\0') != key.npos) return;
  value = value.substr(0, value.find('\0'));
  const std::size_t bytes = key.size() + value.size() + 2;
  const Lock lock(notes_mutex_);
  if (note_bytes_ + bytes > kMaxNoteBytes) return;
  BlockHeader* block = note_block(bytes);
  if (block == nullptr) return;
  char* to = reinterpret_cast<char*>(block + 1) + block->count;
  std::memcpy(to, key.data(), key.size());
  to[key.size()] = '\0';
  std::memcpy(to + key.size() + 1, value.data(), value.size());
  to[bytes - 1] = '\0';
  store_release(block->count, block->count + bytes);
  note_bytes_ += bytes;
}

}  // namespace datamon::monitor
