// The one line that a library inside the user's job may print: what it leaves out
// and why. Written with one write(2), without stdio's locks. Keeps errno.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>

namespace datamon::injection {

// A newline is added; what does not fit into 1000 bytes is cut off.
__attribute__((format(printf, 1, 2))) inline void say(const char* format, ...) {
  const int saved_errno = errno;
  char line[1024];
  std::va_list arguments;
  va_start(arguments, format);
  const int wanted = std::vsnprintf(line, sizeof line - 1, format, arguments);
  va_end(arguments);
  const auto bytes =
      static_cast<std::size_t>(std::clamp(wanted, 0, static_cast<int>(sizeof line) - 2));
  line[bytes] = '\n';
  const ssize_t written = ::write(STDERR_FILENO, line, bytes + 1);
  static_cast<void>(written);  // there is nowhere to say that it failed
  errno = saved_errno;
}

}  // namespace datamon::injection
