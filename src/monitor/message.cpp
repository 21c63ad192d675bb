#include "monitor/message.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>

namespace datamon::monitor {

void say(const char* format, ...) {
  const int saved_errno = errno;
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
