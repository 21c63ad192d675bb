#include "monitor/sampler_lock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "system/path.h"

namespace datamon::monitor {

bool SamplerLock::open(const char* directory, const char* host) {
  system::Path path{directory, "/sampler-"};
  for (char byte : std::string_view(host)) {
    const char written = byte == '/' ? '_' : byte;
    path.append({&written, 1});
  }
  path.append(".lock");
  if (path.empty()) return false;
  // O_NOFOLLOW, O_NONBLOCK: in a folder that others can write, a link or a fifo
  // may lie in wait.
  const int descriptor =
      ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (descriptor < 0) return false;
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor);
    return false;
  }
  descriptor_ = descriptor;
  device_ = status.st_dev;
  inode_ = status.st_ino;
  return true;
}

SamplerLock::Result SamplerLock::acquire(const char* directory, const char* host) {
  if (descriptor_ >= 0 && !intact()) descriptor_ = -1;
  if (descriptor_ < 0 && !open(directory, host)) return Result::kFailed;
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (::fcntl(descriptor_, F_SETLK, &whole) == 0) return Result::kHeld;
  if (errno == EAGAIN || errno == EACCES) return Result::kTaken;
  return Result::kNoLocks;
}

bool SamplerLock::intact() const {
  struct stat status {};
  return descriptor_ >= 0 && ::fstat(descriptor_, &status) == 0 && status.st_dev == device_ &&
         status.st_ino == inode_;
}

void SamplerLock::release() {
  if (intact()) ::close(descriptor_);
  descriptor_ = -1;
}

}  // namespace datamon::monitor
