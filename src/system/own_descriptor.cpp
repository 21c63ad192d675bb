#include "system/own_descriptor.h"

#include <sys/stat.h>
#include <unistd.h>

#include <utility>

namespace datamon::system {

OwnDescriptor::OwnDescriptor(int descriptor) : descriptor_(descriptor) {
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

OwnDescriptor::OwnDescriptor(OwnDescriptor&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      device_(other.device_),
      inode_(other.inode_) {}

OwnDescriptor& OwnDescriptor::operator=(OwnDescriptor&& other) noexcept {
  if (this == &other) return *this;
  close();
  descriptor_ = std::exchange(other.descriptor_, -1);
  device_ = other.device_;
  inode_ = other.inode_;
  return *this;
}

void OwnDescriptor::close() {
  struct stat status {};
  if (descriptor_ >= 0 && ::fstat(descriptor_, &status) == 0 && status.st_dev == device_ &&
      status.st_ino == inode_)
    ::close(descriptor_);
  descriptor_ = -1;
}

}  // namespace datamon::system
