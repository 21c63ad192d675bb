// open, close and dup: which descriptors are data files.
#include <fcntl.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "export.h"
#include "next.h"
#include "open_files.h"

namespace datamon::preload {
namespace {

bool takes_mode(int flags) { return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE; }

int opened(int descriptor, const char* path, int flags) {
  if (descriptor >= 0 && __builtin_expect(g_wanted, 0)) note_opened(descriptor, path, flags);
  return descriptor;
}

// For callers that come before the shim's start: an allocator, say.
int open_directly(int folder, const char* path, int flags, mode_t mode) {
  return static_cast<int>(::syscall(SYS_openat, folder, path, flags, mode));
}

// The mode that follows in the caller's list of arguments, or 0.
#define DATAMON_MODE_BEHIND(flags) \
  mode_t mode = 0;                 \
  if (takes_mode(flags)) {         \
    va_list list;                  \
    va_start(list, flags);         \
    mode = va_arg(list, unsigned); \
    va_end(list);                  \
  }

}  // namespace

DATAMON_STANDS_IN(open, int, (const char* path, int flags, ...)) {
  DATAMON_MODE_BEHIND(flags)
  if (libc.open.before_start()) return open_directly(AT_FDCWD, path, flags, mode);
  return opened(libc.open(path, flags, mode), path, flags);
}

DATAMON_STANDS_IN(open64, int, (const char* path, int flags, ...)) {
  DATAMON_MODE_BEHIND(flags)
  if (libc.open64.before_start()) return open_directly(AT_FDCWD, path, flags | O_LARGEFILE, mode);
  return opened(libc.open64(path, flags, mode), path, flags);
}

DATAMON_STANDS_IN(openat, int, (int folder, const char* path, int flags, ...)) {
  DATAMON_MODE_BEHIND(flags)
  if (libc.openat.before_start()) return open_directly(folder, path, flags, mode);
  return opened(libc.openat(folder, path, flags, mode), path, flags);
}

DATAMON_STANDS_IN(openat64, int, (int folder, const char* path, int flags, ...)) {
  DATAMON_MODE_BEHIND(flags)
  if (libc.openat64.before_start()) return open_directly(folder, path, flags | O_LARGEFILE, mode);
  return opened(libc.openat64(folder, path, flags, mode), path, flags);
}

// What _FORTIFY_SOURCE makes of calls without a mode.
DATAMON_STANDS_IN(__open_2, int, (const char* path, int flags)) {
  return opened(libc.open_2(path, flags), path, flags);
}

DATAMON_STANDS_IN(__open64_2, int, (const char* path, int flags)) {
  return opened(libc.open64_2(path, flags), path, flags);
}

DATAMON_STANDS_IN(__openat_2, int, (int folder, const char* path, int flags)) {
  return opened(libc.openat_2(folder, path, flags), path, flags);
}

DATAMON_STANDS_IN(__openat64_2, int, (int folder, const char* path, int flags)) {
  return opened(libc.openat64_2(folder, path, flags), path, flags);
}

DATAMON_STANDS_IN(close, int, (int descriptor)) {
  if (libc.close.before_start()) return static_cast<int>(::syscall(SYS_close, descriptor));
  note_closed(descriptor);
  return libc.close(descriptor);
}

DATAMON_STANDS_IN(close_range, int, (unsigned first, unsigned last, int flags)) {
  constexpr int kCloseOnExec = 4;  // CLOSE_RANGE_CLOEXEC closes nothing now
  if ((flags & kCloseOnExec) == 0) note_closed_range(first, last);
  return libc.close_range(first, last, flags);
}

DATAMON_STANDS_IN(dup, int, (int descriptor)) {
  const int copy = libc.dup(descriptor);
  if (copy >= 0) note_copied(descriptor, copy);
  return copy;
}

DATAMON_STANDS_IN(dup2, int, (int descriptor, int copy)) {
  const int result = libc.dup2(descriptor, copy);
  if (result >= 0) note_copied(descriptor, copy);
  return result;
}

DATAMON_STANDS_IN(dup3, int, (int descriptor, int copy, int flags)) {
  const int result = libc.dup3(descriptor, copy, flags);
  if (result >= 0) note_copied(descriptor, copy);
  return result;
}

}  // namespace datamon::preload
