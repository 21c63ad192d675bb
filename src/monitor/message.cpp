#include "monitor/message.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>

namespace datamon::monitor {
namespace {

// What descriptor 2 was when the monitor started. Kept in forked children.
struct Standard {
  bool noted;
  bool open;
  struct stat status;
};
constinit Standard g_standard{};

// False if the job has put something else there: a file of its own, perhaps.
bool is_standard_error() {
  if (!g_standard.noted) return true;
  struct stat now {};
  if (!g_standard.open || ::fstat(STDERR_FILENO, &now) != 0) return false;
  const struct stat& then = g_standard.status;
  return now.st_dev == then.st_dev && now.st_ino == then.st_ino && now.st_rdev == then.st_rdev &&
         (now.st_mode & S_IFMT) == (then.st_mode & S_IFMT);
}

}  // namespace

void note_standard_error() {
  g_standard.open = ::fstat(STDERR_FILENO, &g_standard.status) == 0;
  g_standard.noted = true;
}

void say(const char* format, ...) {
  const int saved_errno = errno;
  if (!is_standard_error()) {
    errno = saved_errno;
    return;
  }
  char line[1024];
  std::va_list arguments;
  va_start(arguments, format);
  const int length = std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  if (length > 0) {
    const auto bytes = std::min<std::size_t>(static_cast<std::size_t>(length), sizeof line - 1);
    if (::write(STDERR_FILENO, line, bytes) < 0) errno = saved_errno;  // nowhere to say it
  }
  errno = saved_errno;
}

}  // namespace datamon::monitor
